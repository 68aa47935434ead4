package structure

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// withoutScope are methods of ledger stores that touch no organisation's rows.
var withoutScope = exceptions{
	"internal/access.Store.Roles":            "scopes are made from what it keeps",
	"internal/access.Store.SaveRole":         "scopes are made from what it keeps",
	"internal/access.Store.DropRole":         "scopes are made from what it keeps",
	"internal/access.Store.Assignments":      "scopes are made from what it keeps",
	"internal/access.Store.SaveAssignment":   "scopes are made from what it keeps",
	"internal/access.Store.DropAssignment":   "scopes are made from what it keeps",
	"internal/access.Store.Policies":         "scopes are made from what it keeps",
	"internal/access.Store.AddPolicy":        "scopes are made from what it keeps",
	"internal/access.Store.Tree":             "scopes are made from what it keeps",
	"internal/event.Store.Last":              "the log is the installation's; reading it takes a scope",
	"internal/event.Store.Insert":            "the log is the installation's; reading it takes a scope",
	"internal/event.Store.Remembered":        "an idempotency key is its caller's, and names no place",
	"internal/event.Store.Remember":          "an idempotency key is its caller's, and names no place",
	"internal/job.Store.Enqueue":             "jobs carry no place; listing them takes a scope",
	"internal/job.Store.Claim":               "the runner works for everybody",
	"internal/job.Store.Settle":              "the runner works for everybody",
	"internal/job.Store.Release":             "the runner works for everybody",
	"internal/job.Store.NextDue":             "an instant, and no row",
	"internal/usage.Store.NextNumbers":       "numbers, and no row",
	"internal/usage.RepairStore.LastNumbers": "numbers, and no row",
	"internal/usage.RepairStore.Mask":        "part of sealing, and of what is put right about it",
	"internal/usage.Store.Seal":              "a load is the partner's: its files name whoever the provider names",
	"internal/event.Store.Checkpoint":        "the log is the installation's; reading it takes a scope",
	"internal/event.Store.Prune":             "the log is the installation's; reading it takes a scope",
	"internal/event.Store.Forget":            "an idempotency key is its caller's, and names no place",

	"internal/safe.Store.PersonKey":    "a key opens nothing by itself; who may open what is asked before",
	"internal/safe.Store.AddPersonKey": "a key opens nothing by itself; who may open what is asked before",
	"internal/safe.Store.ErasePerson":  "a person's key, and no organisation's row",

	"internal/identity.Store.Account":              "somebody is known by what they prove before anybody knows what they may see",
	"internal/identity.Store.GroupsOf":             "groups decide what somebody may see",
	"internal/identity/people.Store.Person":        "somebody is known by what they prove before anybody knows what they may see",
	"internal/identity/people.Store.PersonByLogin": "somebody is known by what they prove before anybody knows what they may see",
	"internal/identity/people.Store.SavePerson":    "people change their own credentials; who manages others is asked for the realm first",
	"internal/identity/people.Store.SaveGroup":     "who manages groups is asked for the realm first",
	"internal/identity/programs.Store.Program":     "a program is known by what it proves before anybody knows what it may see",
	"internal/identity/programs.Store.SaveProgram": "who manages programs is asked for the realm first",

	"internal/identity/sessions.Store.Session":        "sessions and tickets are found by what only their holder has",
	"internal/identity/sessions.Store.SessionByToken": "sessions and tickets are found by what only their holder has",
	"internal/identity/sessions.Store.Sessions":       "a person's own; who manages others is asked for the realm first",
	"internal/identity/sessions.Store.SaveSession":    "sessions and tickets are found by what only their holder has",
	"internal/identity/sessions.Store.Ticket":         "sessions and tickets are found by what only their holder has",
	"internal/identity/sessions.Store.SaveTicket":     "sessions and tickets are found by what only their holder has",
	"internal/identity/sessions.Store.DropTickets":    "a person's own; who manages others is asked for the realm first",
	"internal/identity/sessions.Store.Forget":         "a person's own; who erases them is asked first",
	"internal/identity/sessions.Store.Prune":          "what has expired is nobody's",
	"internal/identity/sessions.Store.RevokeAll":      "everybody's: the whole ledger was restored",
	"internal/identity/sessions.KeyStore.DropKeys":    "the installation's",
	"internal/identity/sessions.KeyStore.Keys":        "the installation's",
	"internal/identity/sessions.KeyStore.SaveKey":     "the installation's",

	"internal/identity/federation.Store.Federations":    "how people sign in is looked up before they have",
	"internal/identity/federation.Store.SaveFederation": "who manages ways to sign in is asked for the realm first",
	"internal/identity/federation.Store.DropFederation": "who manages ways to sign in is asked for the realm first",

	"internal/usage.RowStore.Begin": "a load is the partner's: its files name whoever the provider names",
	"internal/usage.RowStore.Drop":  "whole loads and batches, by numbers the ledger gave",
	"internal/usage.RowStore.Loads": "numbers, and no row",
}

// TestStores holds the methods of the areas' store interfaces against what they must be handed. An interface called
// Store is on the ledger database: its methods take a transaction, and a scope. One called SomethingStore is on the
// usage store: its methods take a scope, and no transaction, for the two share none.
func TestStores(t *testing.T) { verify(t, stores) }

func stores(t *tree) report { return storesBut(t, withoutScope) }

func storesBut(t *tree, list exceptions) report {
	var r report
	used := map[string]bool{}
	for _, p := range t.of(areas) {
		for _, f := range p.sources() {
			for _, i := range interfaces(f) {
				switch {
				case ofUsage(i.name):
					r.count("usage stores", 1)
				case strings.HasSuffix(i.name, "Store"):
					r.count("ledger stores", 1)
				default:
					continue
				}
				for _, m := range i.methods {
					r.count("methods", 1)
					r.method(t, f, p.path+"."+i.name, m, list, used)
				}
			}
		}
	}
	r.unneeded(list, used)
	return r
}

// ofUsage says whether an interface is one of the usage store; every other Store is of the ledger.
func ofUsage(name string) bool {
	return slices.Contains([]string{"RowStore", "TotalStore", "RunStore", "TenantStore"}, name)
}

// method judges one method of a store interface.
func (r *report) method(t *tree, f *file, store string, m *ast.Field, list exceptions, used map[string]bool) {
	name := store + "." + m.Names[0].Name
	takes := parameters(f, m.Type.(*ast.FuncType))
	transaction := slices.Contains(takes, "internal/tx.Tx") || slices.Contains(takes, "internal/tx.Read")
	if ledger := !ofUsage(store[strings.LastIndexByte(store, '.')+1:]); ledger != transaction {
		r.bad(t.at(m), "%s: a ledger store takes tx.Read or tx.Tx, a usage store takes neither", name)
	}
	if slices.Contains(takes, "internal/scope.Scope") {
		return
	}
	if list[name] == "" {
		r.bad(t.at(m), "%s takes no scope.Scope", name)
	}
	used[name] = true
}

// parameters lists the types of a function's parameters, those of other packages with their path.
func parameters(f *file, fn *ast.FuncType) (out []string) {
	for _, p := range fn.Params.List {
		if from, name, ok := f.selector(p.Type); ok {
			out = append(out, from+"."+name)
		}
	}
	return out
}

// of lists the packages of a layer, in the tree's order.
func (t *tree) of(names ...string) []*pkg {
	return slices.DeleteFunc(t.sorted(), func(p *pkg) bool {
		l, _, ok := place(p.path)
		return !ok || !slices.Contains(names, l.name)
	})
}

type iface struct {
	name    string
	methods []*ast.Field // without embedded interfaces
	node    ast.Node
}

// interfaces lists the named interfaces of a file.
func interfaces(f *file) (out []iface) {
	ast.Inspect(f.File, func(n ast.Node) bool {
		s, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		i, ok := s.Type.(*ast.InterfaceType)
		if !ok {
			return true
		}
		one := iface{name: s.Name.Name, node: s}
		for _, m := range i.Methods.List {
			if len(m.Names) > 0 {
				one.methods = append(one.methods, m)
			}
		}
		out = append(out, one)
		return true
	})
	return out
}

func TestStoresFires(t *testing.T) {
	store := func(name, methods string) map[string]string {
		return map[string]string{"internal/payment/store.go": "package payment\n\nimport (\n\t\"context\"\n\n\t\"" + module + "internal/scope\"\n\t\"" +
			module + "internal/tx\"\n)\n\ntype " + name + " interface {\n" + methods + "\n}\n"}
	}
	check := func(list exceptions) func(*tree) report {
		return func(t *tree) report { return storesBut(t, list) }
	}
	fires(t, check(nil), []fixture{
		{"as it should be", store("Store", "Get(ctx context.Context, r tx.Read, s scope.Scope, id string) error"), ""},
		{"no transaction", store("Store", "Get(ctx context.Context, s scope.Scope, id string) error"), "takes tx.Read or tx.Tx"},
		{"no scope", store("Store", "Save(ctx context.Context, t tx.Tx, id string) error"), "Save takes no scope.Scope"},
		{"usage without a scope", store("RowStore", "Sums(ctx context.Context) error"), "Sums takes no scope.Scope"},
		{"usage in a transaction", store("RowStore", "Sums(ctx context.Context, r tx.Read, s scope.Scope) error"), "takes neither"},
	})
	fires(t, check(exceptions{"internal/payment.Store.Next": "numbers"}), []fixture{
		{"an exception that holds", store("Store", "Next(ctx context.Context, t tx.Tx) (int, error)"), ""},
		{"an exception outlived", store("Store", "Next(ctx context.Context, t tx.Tx, s scope.Scope) (int, error)"), "not needed any more"},
	})
}
