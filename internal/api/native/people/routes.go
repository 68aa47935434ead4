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

// Routes are the calls about people, groups and programs, and where organisations' people sign in.
func Routes(who *people.Service, robots *programs.Service, providers *federation.Service) []kernel.Route {
	v := handlers{who, robots, providers}
	return slices.Concat(v.personRoutes(), v.programRoutes())
}

func (v handlers) personRoutes() []kernel.Route {
	return kernel.Under(area,
		kernel.Get("person-list", "/people", access.IdentityRead, "People who sign in, and whether they may",
			kernel.Page(v.listPeople).ReadsEach(func(p Person) kernel.Parties { return kernel.Parties{p.Realm} })),
		kernel.Get("person-show", "/people/{person}", access.IdentityRead, "A person, and where they are signed in",
			kernel.JSON(v.showPerson).Reads(func(_ *kernel.PersonPath, p Looked) kernel.Parties { return kernel.Parties{p.Realm} })),
		kernel.Post("person-invite", "/people", access.IdentityChange, "Add a person, who chooses how to sign in by a one-time link", kernel.Form, kernel.JSON(v.invitePerson).Secret()),
		kernel.Post("person-reset", "/people/{person}/reset", access.IdentityChange, "Take what they sign in with, and make a one-time link to choose it anew", kernel.NoBody, kernel.JSON(v.resetPerson).Secret()),
		kernel.Post("person-sign-out", "/people/{person}/sign-out", access.IdentityChange, "End every session of a person", kernel.NoBody, kernel.Nothing(v.signOutPerson)),
		kernel.Put("person-enable", "/people/{person}/enabled", access.IdentityChange, "Let a person sign in, or no more", kernel.Form, kernel.Nothing(v.enablePerson)),
		kernel.Get("group-list", "/groups", access.IdentityRead, "Groups of people and programs",
			kernel.Page(v.listGroups).ReadsEach(func(g Group) kernel.Parties { return kernel.Parties{g.Realm} })),
		kernel.Post("group-create", "/groups", access.IdentityChange, "Make a group, to give roles to", kernel.Form, kernel.JSON(v.newGroup)),
		kernel.Put("group-members", "/groups/{group}/members", access.IdentityChange, "Say who is in a group", 64*kernel.MiB, kernel.Nothing(v.setMembers)),
	)
}

func (v handlers) programRoutes() []kernel.Route {
	return kernel.Under(area,
		kernel.Get("program-list", "/programs", access.IdentityRead, "Programs that sign in, and until when",
			kernel.Page(v.listPrograms).ReadsEach(func(p Program) kernel.Parties { return kernel.Parties{p.Realm} })),
		kernel.Post("program-create", "/programs", access.IdentityChange, "Make a program, which signs in with a secret or certificate", kernel.Form, kernel.JSON(v.newProgram)),
		kernel.Put("program-enable", "/programs/{program}/enabled", access.IdentityChange, "Let a program sign in, or no more", kernel.Form, kernel.Nothing(v.enableProgram)),
		kernel.Post("program-secret", "/programs/{program}/secrets", access.IdentityChange, "Give a program another secret, told once", kernel.Form, kernel.JSON(v.newSecret).Secret()),
		kernel.Post("program-certificate", "/programs/{program}/certificates", access.IdentityChange, "Let a program sign in with a certificate", kernel.Form, kernel.JSON(v.newCertificate)),
		kernel.Delete("credential-remove", "/programs/{program}/credentials/{credential}", access.IdentityChange, "Take a secret or certificate from a program", kernel.Nothing(v.dropCredential)),
		kernel.Get("federation-show", "/federations/{realm}", access.IdentityRead, "Where an organisation's people sign in, when not here",
			kernel.JSON(v.showFederation).Reads(func(in *RealmPath, _ Federation) kernel.Parties { return kernel.Keyed(in.Realm) })),
		kernel.Put("federation-set", "/federations/{realm}", access.IdentityChange, "Let an organisation's people sign in at a provider of its own", kernel.Form, kernel.Nothing(v.federate).Secret()),
		kernel.Delete("federation-remove", "/federations/{realm}", access.IdentityChange, "Let them sign in here again", kernel.Nothing(v.unfederate)),
	)
}
