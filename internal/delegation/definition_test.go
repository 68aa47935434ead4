package delegation

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

var update = flag.Bool("update", false, "write the golden files anew")

func holder(n string, kind Kind) Holder {
	return Holder{ID: "grp_" + n, Kind: kind, Name: "Group " + n, Object: "00000000-0000-4000-8000-00000000000" + n}
}

func offer() Definition {
	return Definition{
		ID: "def_1", Name: "Managed by Contoso", Description: "Support within agreed hours", Organisation: "org_p",
		Always: []Authorization{
			{Holder: holder("1", Group), Role: Reader},
			{Holder: holder("1", Group), Role: RegistrationDeletion},
			{Holder: holder("2", Program), Role: UserAccess, Delegated: []RoleID{Contributor, "92aaf0da-9dab-42b6-94a3-d43ce8d16293"}},
		},
		Eligible: []Eligible{
			{Holder: holder("1", Group), Role: Contributor, Policy: Policy{MFA: true, Longest: "PT8H", Approvers: []Holder{holder("3", Group), holder("4", User)}}},
			{Holder: holder("1", Group), Role: SupportRequests, Policy: Policy{Longest: "PT30M"}},
		},
	}
}

func TestDefinitions(t *testing.T) {
	all := BuiltIn()
	cases := []struct {
		name   string
		change func(*Definition)
		at     string // "" when nothing is wrong
	}{
		{"as it should be", func(*Definition) {}, ""},
		{"no name", func(d *Definition) { d.Name = "" }, "name"},
		{"nothing held always", func(d *Definition) { d.Always, d.Eligible = nil, nil }, "always"},
		{"Owner", func(d *Definition) { d.Always[0].Role = Owner }, "always[0].role"},
		{"Owner, eligible", func(d *Definition) { d.Eligible[0].Role = Owner }, "eligible[0].role"},
		{"a role with data actions", func(d *Definition) { d.Always[0].Role = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1" }, "always[0].role"},
		{"a custom role", func(d *Definition) { d.Always[0].Role = "11111111-1111-4111-8111-111111111111" }, "always[0].role"},
		{"a directory role", func(d *Definition) { d.Always[0].Role = GlobalAdministrator }, "always[0].role"},
		{"user access for anybody", func(d *Definition) { d.Always[2].Delegated = nil }, "always[2].delegated"},
		{"user access that gives itself on", func(d *Definition) { d.Always[2].Delegated = []RoleID{UserAccess} }, "always[2].delegated[0]"},
		{"user access that makes owners", func(d *Definition) { d.Always[2].Delegated = []RoleID{Owner} }, "always[2].delegated[0]"},
		{"giving on without user access", func(d *Definition) { d.Always[0].Delegated = []RoleID{Reader} }, "always[0].delegated"},
		{"user access, eligible", func(d *Definition) { d.Eligible[0].Role = UserAccess }, "eligible[0].role"},
		{"the same twice", func(d *Definition) { d.Always = append(d.Always, d.Always[0]) }, "always[3]"},
		{"eligible without a reader", func(d *Definition) { d.Always = d.Always[1:] }, "eligible[0].holder"},
		{"a contributor reads too", func(d *Definition) { d.Always[0].Role = Contributor }, ""},
		{"a program activates", func(d *Definition) { d.Eligible[0].Holder.Kind = Program }, "eligible[0].holder"},
		{"a program approves", func(d *Definition) { d.Eligible[0].Policy.Approvers[0].Kind = Program }, "eligible[0].policy.approvers[0].holder"},
		{"ten approvers", func(d *Definition) { d.Eligible[0].Policy.Approvers = make10(10) }, ""},
		{"eleven approvers", func(d *Definition) { d.Eligible[0].Policy.Approvers = make10(11) }, "eligible[0].policy.approvers"},
		{"29 minutes", func(d *Definition) { d.Eligible[0].Policy.Longest = "PT29M" }, "eligible[0].policy.longest"},
		{"more than 8 hours", func(d *Definition) { d.Eligible[0].Policy.Longest = "PT8H1S" }, "eligible[0].policy.longest"},
		{"a day", func(d *Definition) { d.Eligible[0].Policy.Longest = "P1D" }, "eligible[0].policy.longest"},
		{"two policies for one role", func(d *Definition) {
			twice(d)
			d.Eligible[2].Policy.Longest = "PT7H"
		}, "eligible[2].policy"},
		{"one policy for one role", func(d *Definition) {
			twice(d)
			d.Eligible[2].Policy.Longest = "PT480M"
		}, ""},
	}
	for _, c := range cases {
		d := offer()
		c.change(&d)
		err := d.Validate(all)
		var f *fault.Fault
		if c.at == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if !errors.As(err, &f) || f.Kind != fault.Invalid || f.Fields[c.at] == "" {
			t.Errorf("%s: %v names no %s", c.name, err, c.at)
		}
	}
	t.Logf("%d offers judged, %d roles known", len(cases), len(all))
}

func make10(n int) (list []Holder) {
	for range n {
		list = append(list, holder("9", User))
	}
	return list
}

// twice makes the first eligible role that of a second group too.
func twice(d *Definition) {
	d.Always = append(d.Always, Authorization{Holder: holder("5", Group), Role: Reader})
	d.Eligible = append(d.Eligible, d.Eligible[0])
	d.Eligible[2].Holder = holder("5", Group)
}

// TestRoleTable holds the tables of roles against what is known of them.
func TestRoleTable(t *testing.T) {
	earning, resource, directory, data := 0, 0, 0, 0
	for id, r := range BuiltIn() {
		if id != r.ID || !isGUID(string(id)) || string(id) != strings.ToLower(string(id)) || r.Name == "" {
			t.Errorf("%s %q is no role", id, r.Name)
		}
		if r.Directory {
			directory++
			continue
		}
		resource++
		if r.Earns {
			earning++
		}
		if r.Data {
			data++
		}
	}
	if earning != 98 || resource != 123 {
		t.Errorf("%d of %d resource roles earn, want 98 of 122 and the one that deletes registrations", earning, resource)
	}
	for role, name := range map[RoleID]string{
		Owner: "Owner", Contributor: "Contributor", Reader: "Reader", UserAccess: "User Access Administrator", SupportRequests: "Support Request Contributor",
		CostManagement: "Cost Management Contributor", RegistrationDeletion: "Managed Services Registration assignment Delete Role",
		GlobalAdministrator: "Global Administrator",
	} {
		if BuiltIn().Name(role) != name {
			t.Errorf("%s is %q, want %q", role, BuiltIn().Name(role), name)
		}
	}
	t.Logf("%d resource roles (%d earn, %d with data actions), %d directory roles", resource, earning, data, directory)
}

// TestTemplates holds the templates against golden files, and against the shape of the provider's schema.
func TestTemplates(t *testing.T) {
	for name, group := range map[string]string{"template_subscription.json": "", "template_resource_group.json": "rg-shop"} {
		text, err := offer().Template("11111111-2222-4333-8444-555555555555", group)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, '\n')
		path := "testdata/" + name
		if *update {
			if err := os.WriteFile(path, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(text, want) {
			t.Errorf("%s is not what it was (%v); look at the difference, and renew it with -update:\n%s", path, err, text)
		}
		checkShape(t, name, text)
	}
}

type shape struct {
	Schema    string     `json:"$schema"`
	Version   string     `json:"contentVersion"`
	Resources []resource `json:"resources"`
	Outputs   any        `json:"outputs"`
}

type resource struct {
	Type, APIVersion, Name, ResourceGroup string
	DependsOn                             []string
	Properties                            json.RawMessage
}

// checkShape reads a template as the provider's schema (Microsoft.ManagedServices 2022-10-01) describes it, and knows
// no other member.
func checkShape(t *testing.T, name string, text []byte) {
	t.Helper()
	var s shape
	strict(t, name, text, &s)
	if s.Schema != templateSchema || s.Version != "1.0.0.0" || len(s.Resources) != 2 {
		t.Fatalf("%s: %+v", name, s)
	}
	def, asg := s.Resources[0], s.Resources[1]
	if def.Type != "Microsoft.ManagedServices/registrationDefinitions" || def.APIVersion != "2022-10-01" || !isGUID(def.Name) {
		t.Errorf("%s: definition %+v", name, def)
	}
	if asg.Type == "Microsoft.Resources/deployments" {
		var nested struct {
			Mode     string
			Template shape
		}
		strict(t, name, asg.Properties, &nested)
		if asg.ResourceGroup != "rg-shop" || len(asg.DependsOn) != 1 || len(nested.Template.Resources) != 1 {
			t.Fatalf("%s: nested %+v", name, asg)
		}
		after := asg.DependsOn
		asg = nested.Template.Resources[0]
		asg.DependsOn = after
	}
	var at struct{ RegistrationDefinitionID string }
	strict(t, name, asg.Properties, &at)
	reference := "[subscriptionResourceId('Microsoft.ManagedServices/registrationDefinitions', '" + def.Name + "')]"
	if asg.Type != "Microsoft.ManagedServices/registrationAssignments" || asg.APIVersion != "2022-10-01" || !isGUID(asg.Name) ||
		at.RegistrationDefinitionID != reference || asg.DependsOn[0] != reference {
		t.Errorf("%s: assignment %+v at %+v", name, asg, at)
	}
	type principal struct{ PrincipalID, PrincipalIDDisplayName string }
	var d struct {
		RegistrationDefinitionName, Description, ManagedByTenantID string
		Authorizations                                             []struct {
			principal
			RoleDefinitionID           string
			DelegatedRoleDefinitionIDs []string
		}
		EligibleAuthorizations []struct {
			principal
			RoleDefinitionID       string
			JustInTimeAccessPolicy struct {
				MultiFactorAuthProvider, MaximumActivationDuration string
				ManagedByTenantApprovers                           []principal
			}
		}
	}
	strict(t, name, def.Properties, &d)
	if !isGUID(d.ManagedByTenantID) || len(d.Authorizations) != 3 || len(d.EligibleAuthorizations) != 2 || len(d.Authorizations[2].DelegatedRoleDefinitionIDs) != 2 {
		t.Errorf("%s: %+v", name, d)
	}
	for _, a := range d.Authorizations {
		if !isGUID(a.PrincipalID) || !isGUID(a.RoleDefinitionID) || a.PrincipalIDDisplayName == "" {
			t.Errorf("%s: %+v", name, a)
		}
	}
	for _, e := range d.EligibleAuthorizations {
		p := e.JustInTimeAccessPolicy
		if !isGUID(e.PrincipalID) || !isGUID(e.RoleDefinitionID) || p.MultiFactorAuthProvider != "Azure" && p.MultiFactorAuthProvider != "None" || p.MaximumActivationDuration == "" {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func strict(t *testing.T, name string, text []byte, v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func (d Definition) named(name string) Definition {
	d.Name = name
	return d
}

func TestTemplateNeedsObjects(t *testing.T) {
	d := offer()
	d.Always[0].Holder.Object = ""
	d.Name = "[deployment().name]" // an expression, were it not kept from being one
	if text, err := offer().named(d.Name).Template("11111111-2222-4333-8444-555555555555", ""); err != nil || !bytes.Contains(text, []byte(`"[[deployment().name]"`)) {
		t.Errorf("a name is evaluated by the provider: %v", err)
	}
	_, err := d.Template("not a tenant", "")
	var f *fault.Fault
	if !errors.As(err, &f) || f.Kind != fault.Conflict || f.Fields["tenant"] == "" || f.Fields["always[0].holder.object"] == "" {
		t.Errorf("%v", err)
	}
}
