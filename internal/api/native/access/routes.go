package access

import (
	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
)

// Routes are the calls about roles, who has them, and what customers may see and buy.
func Routes(roles *access.Service) []kernel.Route {
	v := handlers{roles}
	return kernel.Under("access",
		kernel.Get("role-list", "/roles", access.AccessRead, "Built-in and custom roles",
			kernel.Page(v.definitions).ReadsEach(func(r access.Role) kernel.Parties { return kernel.Parties{r.Owner} })),
		kernel.Post("role-define", "/roles", access.RoleWrite, "Create or change a custom role", kernel.Form, kernel.JSON(v.defineRole)),
		kernel.Delete("role-drop", "/roles/{role}", access.RoleWrite, "Delete a custom role that is not assigned", kernel.Nothing(v.dropRole)),
		kernel.Get("assignment-list", "/role-assignments", access.AccessRead, "Who has which role where",
			kernel.Page(v.listAssignments).ReadsEach(func(a access.Assignment) kernel.Parties { return kernel.Parties{a.Realm} })),
		kernel.Post("assignment-give", "/role-assignments", access.AccessAssign, "Assign a role at a scope, optionally for a limited time", kernel.Form, kernel.JSON(v.assign)),
		kernel.Post("assignment-deny", "/deny-assignments", access.AccessDeny, "Deny the actions of a role at a scope", kernel.Form, kernel.JSON(v.deny)),
		kernel.Delete("assignment-revoke", "/role-assignments/{assignment}", access.AccessAssign, "Remove a role assignment or a denial", kernel.Nothing(v.revoke)),
		kernel.Get("access-explain", "/access/explanation", access.AccessRead, "Explain why somebody may or may not do something at a scope",
			kernel.JSON(v.explainAccess).Reads(func(_ *explainAccessInput, x access.Explanation) kernel.Parties { return kernel.Parties{x.Realm} })),
		kernel.Get("policy-show", "/customers/{customer}/policy", access.PolicyRead, "What a customer sees of its charges and may buy for itself",
			kernel.JSON(v.showPolicy).Reads(func(in *CustomerPath, _ access.Policy) kernel.Parties { return kernel.Keyed(in.Customer) })),
		kernel.Put("policy-charges", "/customers/{customer}/policy/usage-charges", access.PolicyWrite, "At which price a customer sees its usage", kernel.Form, kernel.JSON(v.showCharges)),
		kernel.Put("policy-permit", "/customers/{customer}/policy/purchases/{purchase}", access.PermissionWrite, "Allow a customer to buy something for itself, or forbid it", kernel.Form, kernel.JSON(v.permit)),
	)
}
