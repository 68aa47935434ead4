package access

import (
	"cmp"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

// Kind is what a realm is: whose people it holds.
type Kind string

// The kinds of realm. They are those of organisations, which stand above this package.
const (
	Partner  Kind = "partner"
	Reseller Kind = "reseller"
	Customer Kind = "customer"
)

// Role is a set of actions under a name. Roles of partner and resellers are given at places of the commercial tree,
// to their own staff; those of customers at places of the tree of resources, to their own people and to whoever has
// delegated access.
type Role struct {
	ID      id.Role         `json:"id"`
	Name    string          `json:"name"`
	Realm   Kind            `json:"realm"`
	Owner   id.Organisation `json:"owner,omitempty"` // whose custom role it is; "" for a built-in one
	Text    string          `json:"text,omitempty"`
	Actions []Action        `json:"actions"`
	View    scope.View      `json:"view"` // the most it lets see of what its realm may see
}

// The built-in roles.
const (
	PartnerGlobalAdmin   id.Role = "rol_partner-global-admin"
	PartnerAdminAgent    id.Role = "rol_partner-admin-agent"
	PartnerSalesAgent    id.Role = "rol_partner-sales-agent"
	PartnerHelpdesk      id.Role = "rol_partner-helpdesk-agent"
	PartnerBillingAdmin  id.Role = "rol_partner-billing-admin"
	ResellerGlobalAdmin  id.Role = "rol_reseller-global-admin"
	ResellerAdminAgent   id.Role = "rol_reseller-admin-agent"
	ResellerSalesAgent   id.Role = "rol_reseller-sales-agent"
	ResellerHelpdesk     id.Role = "rol_reseller-helpdesk-agent"
	ResellerBillingAdmin id.Role = "rol_reseller-billing-admin"
	CustomerGlobalAdmin  id.Role = "rol_customer-global-admin"
	CustomerBilling      id.Role = "rol_customer-billing-reader"
	CustomerOwner        id.Role = "rol_owner"
	CustomerContributor  id.Role = "rol_contributor"
	CustomerReader       id.Role = "rol_reader"
	CustomerCostReader   id.Role = "rol_cost-reader"
	CustomerPurchaser    id.Role = "rol_reservation-purchaser"
)

// BuiltIn lists the built-in roles.
func BuiltIn() []Role {
	return slices.Concat(partnerRoles(), resellerRoles(), customerRoles())
}

func partnerRoles() []Role {
	const offers = scope.Sell | scope.List // what those who talk to customers need
	staff := []Action{WorldRead, ClockRead, UsageRead, InvoiceRead, Explain, PolicyRead}
	delegate := []Action{DelegationRead, ActivationRequest}
	agent := slices.Concat(staff, delegate, []Action{
		BookRead, MarginRead, AccessRead, PolicyWrite, PermissionWrite, ReservationBuy, SavingsPlanBuy, DelegationChange, DelegationEnd,
		ActivationDecide, CreditRead,
	})
	// Everything but the resources of others, and but the permission to buy, which is the admin agents' alone.
	admin := slices.DeleteFunc(Actions(), func(a Action) bool {
		return a.onResources() || a.ofDirectory() || a == PermissionWrite || a == ReservationBuy || a == SavingsPlanBuy || a == DelegationApprove
	})
	return []Role{
		{PartnerGlobalAdmin, "global admin", Partner, "", "Everything in the account; runs the installation's books.", admin, scope.Everything},
		{PartnerAdminAgent, "admin agent", Partner, "", "Customers and what they buy, see and may.", agent, scope.Everything},
		{PartnerSalesAgent, "sales agent", Partner, "", "Customers, prices, reservations; no savings plans.",
			append(slices.Clone(staff), BookRead, ReservationBuy), offers},
		{PartnerHelpdesk, "helpdesk agent", Partner, "", "Looks at customers and their bills; works on their resources where they agreed.",
			slices.Concat(staff, delegate), offers},
		{PartnerBillingAdmin, "billing admin", Partner, "", "Invoices, statements, prices and margins; no customers' matters.",
			[]Action{WorldRead, ClockRead, BookRead, UsageRead, InvoiceRead, InvoiceApprove, InvoiceVoid, Explain, MarginRead, CreditRead, Reconcile}, scope.Everything},
	}
}

func resellerRoles() []Role {
	const offers = scope.Sell | scope.List
	staff := []Action{WorldRead, ClockRead, UsageRead, InvoiceRead, Explain, PolicyRead}
	delegate := []Action{DelegationRead, ActivationRequest}
	agent := slices.Concat(staff, delegate, []Action{BookRead, MarginRead, AccessRead, DelegationChange, DelegationEnd, ActivationDecide})
	return []Role{
		{ResellerGlobalAdmin, "reseller global admin", Reseller, "", "Everything in the reseller's account.",
			slices.Concat(agent, []Action{WorldApply, BookPublish, InvoiceApprove, InvoiceVoid, AccessAssign, AccessDeny, RoleWrite, IdentityRead, IdentityChange, PersonExport, PersonErase}), scope.Everything},
		{ResellerAdminAgent, "reseller admin agent", Reseller, "", "Customers, prices and margins.", append(slices.Clone(agent), BookPublish), scope.Everything},
		{ResellerSalesAgent, "reseller sales agent", Reseller, "", "Customers and prices.", append(slices.Clone(staff), BookRead), offers},
		{ResellerHelpdesk, "reseller helpdesk agent", Reseller, "", "Looks at customers and their bills; works on their resources where they agreed.",
			slices.Concat(staff, delegate), offers},
		{ResellerBillingAdmin, "reseller billing admin", Reseller, "", "Invoices, prices and margins.",
			[]Action{WorldRead, ClockRead, BookRead, UsageRead, InvoiceRead, InvoiceApprove, InvoiceVoid, Explain, MarginRead}, scope.Everything},
	}
}

func customerRoles() []Role {
	billing := []Action{WorldRead, ClockRead, InvoiceRead, Explain, UsageRead, PolicyRead}
	reader := []Action{ResourceRead, CostRead, UsageRead}
	contributor := append(slices.Clone(reader), ResourceWrite, CostWrite)
	const most = scope.Everything // that is, whatever the customer's policy lets through
	return []Role{
		{CustomerGlobalAdmin, "customer global admin", Customer, "", "The customer's people, bills and consents.",
			slices.Concat(billing, []Action{
				CostRead, AccessRead, AccessAssign, AccessDeny, RoleWrite, DelegationRead, DelegationApprove, DelegationEnd, ActivationDecide,
				IdentityRead, IdentityChange, PersonExport, PersonErase,
			}), most},
		{CustomerBilling, "billing reader", Customer, "", "The customer's bills.", billing, most},
		{CustomerOwner, "owner", Customer, "", "Resources, and who may do what with them.",
			slices.Concat(contributor, []Action{ResourceOwn, AccessRead, AccessAssign, ReservationBuy, SavingsPlanBuy}), most},
		{CustomerContributor, "contributor", Customer, "", "Resources.", contributor, most},
		{CustomerReader, "reader", Customer, "", "Looks at resources and their cost.", reader, most},
		{CustomerCostReader, "cost reader", Customer, "", "Looks at cost alone.", []Action{CostRead, UsageRead}, most},
		{CustomerPurchaser, "reservation purchaser", Customer, "", "Buys reservations, where the partner lets the customer.", []Action{ReservationBuy}, 0},
	}
}

// globalAdmin is the role of a realm's last resort: somebody must hold it.
func (k Kind) globalAdmin() id.Role {
	return map[Kind]id.Role{Partner: PartnerGlobalAdmin, Reseller: ResellerGlobalAdmin, Customer: CustomerGlobalAdmin}[k]
}

// mayHold is every action a role of this kind of realm may be made of: what the built-in ones hold together.
func (k Kind) mayHold() []Action {
	var all []Action
	for _, r := range BuiltIn() {
		if r.Realm == k {
			all = append(all, r.Actions...)
		}
	}
	return all
}

// valid checks a custom role.
func (r Role) valid() error {
	if r.Name == "" || r.Owner == "" || len(r.Actions) == 0 {
		return fault.New(fault.Invalid, "bad_role", "a role needs a name, an owner and at least one action")
	}
	for _, b := range BuiltIn() {
		if b.Name == r.Name {
			return fault.New(fault.Invalid, "bad_role", "%s is a built-in role: choose another name", r.Name)
		}
	}
	may := r.Realm.mayHold()
	for _, a := range r.Actions {
		if !slices.Contains(may, a) {
			return fault.New(fault.Invalid, "bad_role", "no role of a %s may hold %q", cmp.Or(r.Realm, "realm of that kind"), a)
		}
	}
	return nil
}

// compiled is a role as a check reads it: its actions as bits.
type compiled struct {
	Role
	bits [2]uint64
}

func (c *compiled) has(bit uint8) bool { return c.bits[bit>>6]&(1<<(bit&63)) != 0 }

// vocabulary is the number of each action.
type vocabulary map[Action]uint8

func newVocabulary() vocabulary {
	v := vocabulary{}
	for i, a := range Actions() {
		v[a] = uint8(i)
	}
	return v
}

func (v vocabulary) compile(r Role) *compiled {
	c := &compiled{Role: r}
	for _, a := range r.Actions {
		if bit, known := v[a]; known {
			c.bits[bit>>6] |= 1 << (bit & 63)
		}
	}
	return c
}
