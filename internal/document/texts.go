package document

import (
	"embed"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"gopkg.in/yaml.v3"

	"github.com/purveyor-csp/purveyor/internal/charge"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// One file for each language, named by its code.
//
//go:embed texts/*.yaml
var textFiles embed.FS

// english is the language of documents that name none.
const english = "en"

// wording is a language of documents: its words, and how it writes numbers and dates.
type wording struct {
	Code         string            `yaml:"-"`
	Decimal      string            `yaml:"decimal"`
	Thousands    string            `yaml:"thousands"`
	Date         string            `yaml:"date"`
	CSVSeparator string            `yaml:"csv_separator"`
	Texts        map[string]string `yaml:"texts"`
	Categories   map[string]string `yaml:"categories"` // VAT categories
	Reasons      map[string]string `yaml:"reasons"`    // by VATEX code
	Charges      map[string]string `yaml:"charges"`    // by charge.Code
}

// wordings is every language by its code.
var wordings = sync.OnceValue(func() map[string]*wording {
	all := map[string]*wording{}
	entries, err := textFiles.ReadDir("texts")
	if err != nil {
		panic("document: " + err.Error()) // embedded
	}
	for _, e := range entries {
		text, err := textFiles.ReadFile("texts/" + e.Name())
		if err != nil {
			panic("document: " + err.Error())
		}
		w := &wording{Code: strings.TrimSuffix(e.Name(), ".yaml")}
		if err := yaml.Unmarshal(text, w); err != nil {
			panic("document: " + e.Name() + ": " + err.Error())
		}
		all[w.Code] = w
	}
	return all
})

// Languages lists the languages documents come in, sorted.
func Languages() []string {
	var list []string
	for code := range wordings() {
		list = append(list, code)
	}
	slices.Sort(list)
	return list
}

// wordingOf is a language, or English where there is none by this code.
func wordingOf(code string) *wording {
	if w := wordings()[code]; w != nil {
		return w
	}
	return wordings()[english]
}

// say is a text with its braces filled: say("page", "page", "1", "pages", "3").
func (w *wording) say(key string, filled ...string) string {
	text := w.Texts[key]
	for i := 0; i+1 < len(filled); i += 2 {
		text = strings.ReplaceAll(text, "{"+filled[i]+"}", filled[i+1])
	}
	return text
}

// figure is a number at least with the given decimals, and with its thousands apart: 1,234.50. It never has fewer
// digits than the number.
func (w *wording) figure(d money.Decimal, places int) string {
	whole, part, has := strings.Cut(d.Fixed(places), ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "−", whole[1:]
	}
	var groups []string
	for len(whole) > 3 {
		groups = append([]string{whole[len(whole)-3:]}, groups...)
		whole = whole[:len(whole)-3]
	}
	out := sign + strings.Join(append([]string{whole}, groups...), w.Thousands)
	if has {
		out += w.Decimal + part
	}
	return out
}

// amount is a figure with its currency.
func (w *wording) amount(d money.Decimal, c money.Currency) string {
	return w.figure(d, c.Digits()) + "\u00a0" + string(c)
}

// day is a date, and "" for none.
func (w *wording) day(d period.Date) string {
	if d == 0 {
		return ""
	}
	return d.Time().Format(w.Date)
}

// span is a period as people write it: with its last day. One without an end has its first day.
func (w *wording) span(x period.Period) string {
	switch {
	case x.Start == 0:
		return ""
	case x.End == 0:
		return w.say("from_day", "date", w.day(x.Start))
	case x.End.AddDays(-1) <= x.Start:
		return w.day(x.Start)
	}
	return w.day(x.Start) + " – " + w.day(x.End.AddDays(-1))
}

// printedDay is a day the provider printed, whichever way it did; other text is left alone.
func (w *wording) printedDay(s string) string {
	for _, form := range []string{time.DateOnly, "1/2/2006", time.RFC3339, "1/2/2006 15:04:05"} {
		if t, err := time.Parse(form, s); err == nil {
			return t.Format(w.Date)
		}
	}
	return s
}

// country is a country's name, or its code where there is none.
func (w *wording) country(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	if names := display.Regions(language.Make(w.Code)); names != nil {
		if name := names.Name(region); name != "" {
			return name
		}
	}
	return code
}

// charge is a charge type in words; what is not documented stays as it is.
func (w *wording) charge(kind string) string {
	if word := w.Charges[charge.Code(kind)]; word != "" {
		return word
	}
	return kind
}

// describe is what a line is for. The words that stand for what usage does not name are the document's own.
func (w *wording) describe(l *invoice.Line) string {
	if l.ChargeType != "" {
		return l.Service + ", " + w.charge(l.ChargeType)
	}
	for _, key := range []string{"no_resource_group", "untagged", "usage"} {
		if l.Kind == invoice.UsageLine && l.Description == wordings()[english].Texts[key] {
			return w.Texts[key]
		}
	}
	return l.Description
}

// tax is a tax rate in words: "VAT 19 %", with the name the country gives it where that is another.
func (w *wording) tax(t invoice.LineTax) string {
	name := w.Texts["vat"]
	if t.Name != "" && t.Name != "VAT" && t.Name != name {
		name += " (" + t.Name + ")"
	}
	if word := w.Categories[t.Category]; word != "" {
		return w.say("tax_none", "tax", name, "category", word)
	}
	return w.say("tax_rate", "tax", name, "percent", w.figure(t.Percent, 0))
}

// reason says why no tax is charged, and is "" where it is.
func (w *wording) reason(t invoice.LineTax) string {
	if text := w.Reasons[t.Code]; text != "" {
		return text
	}
	return t.Reason
}
