package people

import (
	"slices"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/identity/federation"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/programs"
)

const area = "people"

// Routes are the calls about people, groups, programs and identity providers.
func Routes(who *people.Service, robots *programs.Service, providers *federation.Service) []kernel.Route {
	v := handlers{who, robots, providers}
	return slices.Concat(v.personRoutes(), v.programRoutes())
}

func (v handlers) personRoutes() []kernel.Route {
	return kernel.Under(area,
		kernel.Get("person-list", "/people", access.IdentityRead, "People, and whether they may sign in",
			kernel.Page(v.listPeople).ReadsEach(func(p Person) kernel.Parties { return kernel.Parties{p.Realm} })),
		kernel.Get("person-show", "/people/{person}", access.IdentityRead, "A person, with their sessions",
			kernel.JSON(v.showPerson).Reads(func(_ *kernel.PersonPath, p PersonDetails) kernel.Parties { return kernel.Parties{p.Realm} })),
		kernel.Post("person-invite", "/people", access.IdentityChange, "Invite a person, who chooses how to sign in through a one-time link", kernel.Form, kernel.JSON(v.invitePerson).Secret()),
		kernel.Post("person-reset", "/people/{person}/reset", access.IdentityChange, "Reset how a person signs in, with a one-time link to choose again", kernel.NoBody, kernel.JSON(v.resetPerson).Secret()),
		kernel.Post("person-sign-out", "/people/{person}/sign-out", access.IdentityChange, "End every session of a person", kernel.NoBody, kernel.Nothing(v.signOutPerson)),
		kernel.Put("person-enable", "/people/{person}/enabled", access.IdentityChange, "Allow a person to sign in, or stop it", kernel.Form, kernel.Nothing(v.enablePerson)),
		kernel.Get("group-list", "/groups", access.IdentityRead, "Groups of people and programs",
			kernel.Page(v.listGroups).ReadsEach(func(g Group) kernel.Parties { return kernel.Parties{g.Realm} })),
		kernel.Post("group-create", "/groups", access.IdentityChange, "Create a group, to assign roles to", kernel.Form, kernel.JSON(v.newGroup)),
		kernel.Put("group-members", "/groups/{group}/members", access.IdentityChange, "Set the members of a group", kernel.MiB, kernel.Nothing(v.setMembers)),
	)
}

func (v handlers) programRoutes() []kernel.Route {
	return kernel.Under(area,
		kernel.Get("program-list", "/programs", access.IdentityRead, "Programs that sign in, with the expiry of their credentials",
			kernel.Page(v.listPrograms).ReadsEach(func(p Program) kernel.Parties { return kernel.Parties{p.Realm} })),
		kernel.Post("program-create", "/programs", access.IdentityChange, "Create a program, which signs in with a secret or certificate", kernel.Form, kernel.JSON(v.newProgram)),
		kernel.Put("program-enable", "/programs/{program}/enabled", access.IdentityChange, "Allow a program to sign in, or stop it", kernel.Form, kernel.Nothing(v.enableProgram)),
		kernel.Post("program-secret", "/programs/{program}/secrets", access.IdentityChange, "Create another secret for a program, shown once", kernel.Form, kernel.JSON(v.newSecret).Secret()),
		kernel.Post("program-certificate", "/programs/{program}/certificates", access.IdentityChange, "Add a certificate that a program signs in with", kernel.Form, kernel.JSON(v.newCertificate)),
		kernel.Delete("credential-remove", "/programs/{program}/credentials/{credential}", access.IdentityChange, "Remove a secret or certificate of a program", kernel.Nothing(v.dropCredential)),
		kernel.Get("federation-show", "/federations/{realm}", access.IdentityRead, "The identity provider that an organisation's people sign in at, if not here",
			kernel.JSON(v.showFederation).Reads(func(in *RealmPath, _ Federation) kernel.Parties { return kernel.Keyed(in.Realm) })),
		kernel.Put("federation-set", "/federations/{realm}", access.IdentityChange, "Let an organisation's people sign in at its own identity provider", kernel.Form, kernel.Nothing(v.federate).Secret()),
		kernel.Delete("federation-remove", "/federations/{realm}", access.IdentityChange, "Let an organisation's people sign in here again", kernel.Nothing(v.unfederate)),
	)
}
