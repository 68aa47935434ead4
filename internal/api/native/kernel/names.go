package kernel

import (
	"reflect"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
)

// schemaName is the name of a type in the OpenAPI document: package and name, "InvoiceSummary", so that two areas may have types
// of the same name. Types of the API itself have no package in their name. A list includes its items: "ListInvoiceSummary".
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Name() == "" || t.PkgPath() == "" {
		return huma.DefaultSchemaNamer(t, hint)
	}
	name, of, generic := strings.Cut(t.Name(), "[")
	out := qualified(t.PkgPath(), name)
	if generic {
		of = strings.TrimSuffix(of, "]")
		if dot := strings.LastIndexByte(of, '.'); dot >= 0 {
			of = qualified(of[:dot], of[dot+1:])
		}
		out += upper(of)
	}
	return upper(out)
}

func qualified(path, name string) string {
	if name == "PersonDetails" {
		return "Looked" // the name in the document stays: clients are generated from it
	}
	pkg := path[strings.LastIndexByte(path, '/')+1:]
	if strings.Contains(path, "internal/api/native") || strings.EqualFold(pkg, name) {
		return upper(name)
	}
	return upper(pkg) + upper(name)
}

func upper(s string) string {
	r := []rune(s)
	if len(r) > 0 {
		r[0] = unicode.ToUpper(r[0])
	}
	return string(r)
}
