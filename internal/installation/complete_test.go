package installation

import (
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// TestEveryCollaboratorIsRequired finds every function, interface, pointer and key that the wiring hands to a part, takes
// each away from a fresh copy of the parts, and expects a refusal that names it. What may be absent is in one list; an
// entry there that nothing needs is a failure too. How collaborators are found here shares no code with what refuses.
func TestEveryCollaboratorIsRequired(t *testing.T) {
	o := Options{Settings: config.Settings{Memory: "512MB"}, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	first, err := Open(access.AsLocalOperator(t.Context()), t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = first.Close() })
	fresh := func() *[]any { // the same stores, new parts
		n := &Installation{Stores: first.Stores, lock: first.lock, newWork: first.newWork}
		if err := n.build(o); err != nil {
			t.Fatal(err)
		}
		authority, err := n.authority(Site{Hosts: []string{"localhost"}, Named: func(string) bool { return false }})
		if err != nil {
			t.Fatal(err)
		}
		return &[]any{n, authority}
	}
	found := search{seen: map[uintptr]bool{}}
	found.look(reflect.ValueOf(fresh()).Elem(), "parts", nil)
	refused, absent := map[string]int{}, map[string]bool{}
	for _, c := range found.all {
		parts := fresh()
		remove(reflect.ValueOf(parts).Elem(), c.path)
		err := complete(*parts...)
		switch {
		case mayBeAbsent[c.name] != "" && err == nil:
			absent[c.name] = true
		case fault.CodeOf(err) == "part_missing" && strings.Contains(err.Error(), c.name):
			refused[c.name]++
		default:
			t.Errorf("%s was taken away, and it starts: %v", c.name, err)
		}
	}
	for name := range mayBeAbsent {
		if !absent[name] {
			t.Errorf("%s may be absent, and nothing is there to be absent: take it out of the list", name)
		}
	}
	t.Logf("%d collaborators in %d fields were taken away, one at a time: without any it refuses to start; %d more may be absent", sum(refused), len(refused), len(mayBeAbsent))
	if len(refused) < 150 {
		t.Errorf("only %d fields were found: the search goes wrong", len(refused))
	}
}

func sum(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// search finds collaborators: all functions, interfaces, pointers and keys in parts, exported or not.
type search struct {
	seen map[uintptr]bool
	all  []found
}

// found is a collaborator: its field, and the path to it.
type found struct {
	name string
	path []any // an int is a field or an element, a reflect.Value a key of a map, nil what is pointed at or in an interface
}

func (s *search) look(x reflect.Value, name string, path []any) {
	down := func(step any) []any { return append(slices.Clone(path), step) }
	switch x.Kind() {
	case reflect.Func:
		s.all = append(s.all, found{name, path})
	case reflect.Pointer, reflect.Interface:
		s.all = append(s.all, found{name, path})
		if x.IsNil() || x.Kind() == reflect.Pointer && s.seen[x.Pointer()] {
			return
		}
		if x.Kind() == reflect.Pointer {
			s.seen[x.Pointer()] = true
		}
		s.look(x.Elem(), name, down(nil))
	case reflect.Struct:
		of, ours := strings.CutPrefix(x.Type().PkgPath(), "github.com/purveyor-csp/purveyor/")
		if of += "." + x.Type().Name(); ours && !slices.Contains(opened, of) {
			for i := range x.NumField() {
				s.look(x.Field(i), of+"."+x.Type().Field(i).Name, down(i))
			}
		}
	case reflect.Map:
		for _, k := range x.MapKeys() {
			s.look(x.MapIndex(k), fmt.Sprintf("%s[%v]", name, k), down(k))
		}
	case reflect.Slice:
		if x.Type().Elem().Kind() == reflect.Uint8 {
			s.all = append(s.all, found{name, path})
			return
		}
		for i := range x.Len() {
			s.look(x.Index(i), fmt.Sprintf("%s[%d]", name, i), down(i))
		}
	}
}

// remove sets the value at the end of a path to nil.
func remove(x reflect.Value, path []any) {
	x = reflect.NewAt(x.Type(), unsafe.Pointer(x.UnsafeAddr())).Elem() // unexported fields too
	if len(path) == 0 {
		x.SetZero()
		return
	}
	within := func(inner reflect.Value) reflect.Value { // a copy, because values in maps and interfaces cannot be changed in place
		c := reflect.New(inner.Type()).Elem()
		c.Set(inner)
		remove(c, path[1:])
		return c
	}
	switch x.Kind() {
	case reflect.Pointer:
		remove(x.Elem(), path[1:])
	case reflect.Interface:
		x.Set(within(x.Elem()))
	case reflect.Struct:
		remove(x.Field(path[0].(int)), path[1:])
	case reflect.Map:
		key := path[0].(reflect.Value)
		x.SetMapIndex(key, within(x.MapIndex(key)))
	case reflect.Slice:
		remove(x.Index(path[0].(int)), path[1:])
	}
}

// TestOpenRefusesWithoutAPart: a data directory does not open if the wiring leaves a part out.
func TestOpenRefusesWithoutAPart(t *testing.T) {
	n, err := Open(access.AsLocalOperator(t.Context()), t.TempDir(), Options{
		Settings: config.Settings{Memory: "512MB"}, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Wrap: Wrap{Wired: func(n *Installation) { n.Orgs.Books = nil }},
	})
	if n != nil || fault.CodeOf(err) != "part_missing" || !strings.Contains(err.Error(), "internal/org.Service.Books") {
		t.Errorf("opened %v, %v", n, err)
	}
}
