package world

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// manyCustomers is a world file of about so many bytes, in the form that Print writes.
func manyCustomers(size int) []byte {
	var b bytes.Buffer
	b.WriteString("# a large world\n\npartner:\n  key: contoso\n  legal: {name: Contoso GmbH, country: DE}\ntaxes: []\ncustomers:\n")
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "  - key: c%05d\n    legal:\n      name: >\n        Customer\n        - %d\n      country: DE\n      street: \"Long # street: 1\"\n    tenant: t%05d\n    buys:\n      - {from: contoso, since: 2026-01-01, book: retail, currency: EUR, payment_days: 30, series: R}\n", i, i, i)
	}
	return b.Bytes()
}

// readWhole reads a world file as one tree.
func readWhole(t *testing.T, data []byte) org.World {
	t.Helper()
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		t.Fatal(err)
	}
	p := &worldReader{reader: &reader{}}
	p.fieldsOf(root.Content[0], "", p.fields())
	p.link()
	if err := p.err("world"); err != nil {
		t.Fatal(err)
	}
	return p.world
}

// TestSections: a file read in parts is what it is when it is read as a whole, and what is wrong in it stands on the same line
// and has the same name.
func TestSections(t *testing.T) {
	data := manyCustomers(3 * partSize)
	list, ok := sectionsOf(data)
	if !ok || len(list) != 3 || len(list[2].parts) != 3 || !list[1].inline {
		t.Fatalf("%d sections, %v", len(list), ok)
	}
	got, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(readWhole(t, data), got); d != "" {
		t.Error(d)
	}
	last := fmt.Sprintf("c%05d", len(got.Organisations)-2)
	wrong := bytes.Replace(data, []byte("  - key: "+last), []byte("  - kee: "+last), 1)
	line := bytes.Count(wrong[:bytes.Index(wrong, []byte("kee"))], []byte("\n")) + 1
	_, err = Parse(wrong)
	if want := fmt.Sprintf("line %d, customers[%d].kee: there is no field", line, len(got.Organisations)-1); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v\nwant %s", err, want)
	}
	for name, text := range map[string]string{"an anchor": "partner: &p {key: x}\n", "JSON": `{"partner": {}}`, "two worlds": "partner:\n---\npartner:\n", "a list": "- x\n"} {
		if _, ok := sectionsOf([]byte(text)); ok {
			t.Errorf("%s is read in parts", name)
		}
	}
}

// TestMemoryOfWorlds: what reading a world file takes beside what it holds is bounded, however the file is made.
func TestMemoryOfWorlds(t *testing.T) {
	for name, c := range map[string]struct {
		text []byte
		says string
		most uint64 // MiB allocated in all, most of it garbage
	}{
		"large":           {manyCustomers(8 << 20), "", 1200},
		"in another form": {[]byte("{partner: {key: x}, customers: [" + strings.Repeat("{}, ", 2<<20) + "]}"), "4 MiB", 200},
		"of nothing":      {[]byte("{partner: {key: x}, customers: [" + strings.Repeat("{}, ", 800<<10) + "]}"), "and", 900},
		"of aliases":      {[]byte("partner: &p {key: x, legal: {name: x, country: DE}}\ncustomers: [" + strings.Repeat("*p, ", 800<<10) + "]"), "aliases stand for more than", 900},
		"of too many":     {[]byte("partner:\n  key: x\n  legal: {name: x, country: DE}\ncustomers:\n" + strings.Repeat("- {key: x, legal: {name: x, country: DE}}\n", maxOrganisations+10)), "at most 100000 organisations", 2500},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Parse(c.text)
		runtime.ReadMemStats(&after)
		if c.says == "" && err != nil || c.says != "" && (fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %.300v", name, err)
		}
		if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > c.most {
			t.Errorf("%s: %d MiB of %d MiB were allocated", name, took, len(c.text)>>20)
		}
	}
}
