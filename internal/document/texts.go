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

// wording is a language of documents: its texts, and its format of numbers and dates.
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

// wordings are the languages by their codes.
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

// Languages lists the codes of the languages of documents, sorted.
func Languages() []string {
	var list []string
	for code := range wordings() {
		list = append(list, code)
	}
	slices.Sort(list)
	return list
}

// wordingOf returns a language, or English if the code is unknown.
func wordingOf(code string) *wording {
	if w := wordings()[code]; w != nil {
		return w
	}
	return wordings()[english]
}

// say is a text with its placeholders filled: say("page", "page", "1", "pages", "3").
func (w *wording) say(key string, filled ...string) string {
	text := w.Texts[key]
	for i := 0; i+1 < len(filled); i += 2 {
		text = strings.ReplaceAll(text, "{"+filled[i]+"}", filled[i+1])
	}
	return text
}

// figure is a number with at least the given decimals and with separators of thousands: 1,234.50. It never has fewer
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

// printedDay formats a day that the provider printed, in any of its formats; other text is not changed.
func (w *wording) printedDay(s string) string {
	for _, form := range []string{time.DateOnly, "1/2/2006", time.RFC3339, "1/2/2006 15:04:05"} {
		if t, err := time.Parse(form, s); err == nil {
			return t.Format(w.Date)
		}
	}
	return s
}

// country is a country's name, or its code if the language has no name for it.
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

// charge is a charge type in words; one that is not documented is printed as it is.
func (w *wording) charge(kind string) string {
	if word := w.Charges[charge.Code(kind)]; word != "" {
		return word
	}
	return kind
}

// describe is the description of a line. If usage does not name the product, the document's texts do.
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

// tax is a tax rate in words: "VAT 19 %", with the country's own name for it, if it has one.
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

// reason says why no tax is charged; "" if tax is charged.
func (w *wording) reason(t invoice.LineTax) string {
	if text := w.Reasons[t.Code]; text != "" {
		return text
	}
	return t.Reason
}
