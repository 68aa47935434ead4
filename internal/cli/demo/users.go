package demo

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	accessapi "github.com/purveyor-csp/purveyor/internal/api/native/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/people"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/selling"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// user is somebody to try a role with.
type user struct {
	Realm    string  `json:"realm"`
	Name     string  `json:"name"`
	Role     id.Role `json:"role"`
	Scope    string  `json:"scope"`
	Mail     string  `json:"mail"`
	Password string  `json:"password"`
}

// userOf is the rule: role@realm.example, with a password that everybody may know, for the data is made up.
func userOf(realm string, r access.Role) user {
	part := strings.TrimPrefix(strings.TrimPrefix(string(r.ID), "rol_"), string(r.Realm)+"-")
	u := user{Realm: realm, Name: r.Name + " of " + realm, Role: r.ID, Scope: realm, Mail: part + "@" + realm + ".example", Password: "demo data, " + part + " of " + realm}
	if r.Realm == access.Customer {
		u.Scope = "@" + realm
	}
	return u
}

// usersOf is one person for each built-in role of a realm, of the realms that there are.
func usersOf(w org.World) (list []user) {
	for _, realm := range []string{"contoso", "nordwind", "polderwolk", "c0001"} {
		at := slices.IndexFunc(w.Organisations, func(o org.Organisation) bool { return o.Key == realm })
		for _, r := range access.BuiltIn() {
			if at >= 0 && string(r.Realm) == string(w.Organisations[at].Kind) {
				list = append(list, userOf(realm, r))
			}
		}
	}
	return list
}

// users adds those that are not there, each with their role.
func (d *demo) users(ctx context.Context) error {
	w, _, err := selling.Organisations(ctx, d.api)
	if err != nil {
		return err
	}
	mails, err := mails(ctx, d.api)
	if err != nil {
		return err
	}
	for _, u := range usersOf(w) {
		who := mails[u.Mail]
		if who == "" {
			var added people.Invited
			if _, err := d.api.Post(ctx, "/people", people.Invitee{Realm: u.Realm, Name: u.Name, Mail: u.Mail, Password: u.Password}, &added); err != nil {
				return err
			}
			who = added.Person.ID
		}
		given, _, err := call.List[access.Assignment](ctx, d.api, "/role-assignments", call.Query("subject", string(who)))
		if err != nil {
			return err
		}
		if len(given) > 0 {
			continue
		}
		if _, err := d.api.Post(ctx, "/role-assignments", accessapi.AssignmentBody{Principal: who, Realm: u.Realm, Role: u.Role, Scope: u.Scope}, nil); err != nil {
			return err
		}
	}
	return nil
}

// mails is who signs in with which mail address.
func mails(ctx context.Context, api *call.Client) (map[string]id.Principal, error) {
	people, _, err := call.List[people.Person](ctx, api, "/people", nil)
	found := map[string]id.Principal{}
	for _, p := range people {
		found[p.Mail] = p.ID
	}
	return found, err
}

type listUsers struct{ command.Shown }

// Help is the long help.
func (listUsers) Help() string {
	return `Lists one person for each built-in role of the partner, a reseller, a sub-reseller and a customer. They sign in at a server
of demo data; their passwords are made from role and organisation, and they need no second factor. Other data has no such
people.`
}

// Run lists who of them is there.
func (c *listUsers) Run(ctx context.Context, e *command.Env) error {
	e.Data = cmp.Or(e.Data, demoData)
	return e.With(ctx, func(api *call.Client) error {
		w, _, err := selling.Organisations(ctx, api)
		if err != nil {
			return err
		}
		mails, err := mails(ctx, api)
		if err != nil {
			return err
		}
		there := slices.DeleteFunc(usersOf(w), func(u user) bool { return mails[u.Mail] == "" })
		t := table.New("realm", "role", "mail", "password")
		for _, u := range there {
			t.Add(u.Realm, u.Role, u.Mail, u.Password)
		}
		raw, err := json.Marshal(map[string]any{"items": there})
		if err != nil {
			return err
		}
		return e.Show(c.Shown, raw, t)
	})
}
