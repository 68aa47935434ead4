package installation

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// module is what the paths of our packages begin with.
var module = strings.TrimSuffix(reflect.TypeFor[Installation]().PkgPath(), "internal/installation")

// mayBeAbsent lists the collaborators that a part works without, and why nothing is allowed or left unchecked then.
// Every other function, interface, pointer, key and table of handlers is required.
var mayBeAbsent = map[string]string{
	"internal/installation.Installation.storesDiffer": "an error: there is none where the usage store has what the ledger sealed",
	"internal/rating.Rater.Runs":                      "only views of costs keep months in memory; without it the usage store adds up the same amounts",
	"internal/rating.Rater.Memory":                    "only views of costs keep what they found; without it they are looked up again",
	"internal/api/login.Server.HTTP":                  "one with a time limit is made, and refuses this machine's own addresses all the same",
	"internal/api/login.Server.mux":                   "its own routes, made for the first request",
	"internal/api/login.keyring.signer":               "its own, read before the first token is signed",
	"internal/api/login.keyring.idSigner":             "its own, read before the first token is signed",
}

// opened are the stores: their constructors require what they need, so their fields are not visited. Neither are those of a
// compiled price book, which is data.
var opened = []string{"internal/pricing.Compiled", "internal/sqlstore.DB", "internal/usagestore/duckdb.Store", "internal/usagestore/runs.Store", "internal/filestore.Store", "internal/vault.Vault"}

// complete is an error that names every collaborator that is missing in parts, or in values that they hold; nil if none is.
func complete(parts ...any) error {
	v := verification{seen: map[uintptr]bool{}}
	v.visit(reflect.ValueOf(parts), "parts")
	if len(v.missing) == 0 {
		return nil
	}
	return fault.New(fault.Internal, "part_missing", "the installation was built without %s: nothing was started", strings.Join(v.missing, ", "))
}

type verification struct {
	seen    map[uintptr]bool // pointers that were visited
	missing []string
}

// visit notes a missing value under the name of its field, and visits what the value holds.
func (v *verification) visit(x reflect.Value, name string) {
	if !collaborates(x.Type(), nil) {
		return
	}
	if k := x.Kind(); k != reflect.Struct && k != reflect.Array && x.IsNil() {
		if mayBeAbsent[name] == "" && !slices.Contains(v.missing, name) {
			v.missing = append(v.missing, name)
		}
		return
	}
	switch x.Kind() {
	case reflect.Interface:
		v.visit(x.Elem(), name)
	case reflect.Pointer:
		if !v.seen[x.Pointer()] {
			v.seen[x.Pointer()] = true
			v.visit(x.Elem(), name)
		}
	case reflect.Struct:
		v.fields(x)
	case reflect.Map:
		for _, k := range x.MapKeys() {
			v.visit(x.MapIndex(k), fmt.Sprintf("%s[%v]", name, k))
		}
	case reflect.Slice:
		for i := range x.Len() {
			v.visit(x.Index(i), fmt.Sprintf("%s[%d]", name, i))
		}
	}
}

func (v *verification) fields(x reflect.Value) {
	t := x.Type()
	path, ours := strings.CutPrefix(t.PkgPath(), module)
	of := path + "." + t.Name()
	if !ours || slices.Contains(opened, of) {
		return
	}
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() || !emptyTable(x.Field(i)) {
			v.visit(x.Field(i), of+"."+f.Name)
		}
	}
}

// emptyTable reports whether a value is an empty map or list; keys are not lists.
func emptyTable(x reflect.Value) bool {
	k := x.Kind()
	return (k == reflect.Map || k == reflect.Slice) && x.IsNil() && x.Type() != reflect.TypeFor[[]byte]()
}

// collaborates says whether a value of a type can be, or hold, a collaborator or a key. Lists and tables of plain data
// cannot: they may be empty.
func collaborates(t reflect.Type, within []reflect.Type) bool {
	switch t.Kind() {
	case reflect.Func, reflect.Interface, reflect.Pointer:
		return true
	case reflect.Slice, reflect.Array, reflect.Map:
		return t == reflect.TypeFor[[]byte]() || collaborates(t.Elem(), within)
	case reflect.Struct:
		if slices.Contains(within, t) {
			return false
		}
		for i := range t.NumField() {
			if strings.HasPrefix(t.PkgPath(), module) && collaborates(t.Field(i).Type, append(within, t)) {
				return true
			}
		}
	}
	return false
}
