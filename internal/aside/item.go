package aside

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Kind says what of a file does not count.
type Kind string

// The kinds: a row kept aside; rows kept aside beyond those that are listed one by one; a file that was refused, or as
// much of it as is of one invoice.
const (
	KeptAside   Kind = "kept_aside"
	RefusedFile Kind = "refused_file"
)

// Item is a row or a file that was asked for and does not count. It is open until a later import brings what it was,
// or a person answers it. Money is what it printed, as far as that can be read; Unreadable counts the rows whose amount
// or currency cannot.
type Item struct {
	Ref        string       `json:"ref"`
	Kind       Kind         `json:"kind"`
	Load       id.Load      `json:"load"`
	LoadNumber uint32       `json:"load_number"`
	File       string       `json:"file"`
	Dataset    string       `json:"dataset,omitempty"`
	Line       int64        `json:"line,omitempty"` // 0 of a file, and of rows that are not listed one by one
	Column     string       `json:"column,omitempty"`
	Code       string       `json:"code"`
	Reason     string       `json:"reason"`
	Value      string       `json:"value,omitempty"` // as printed, clipped
	Rows       int64        `json:"rows"`            // of a refused file those that were reached
	Money      money.Totals `json:"money"`
	Unreadable int64        `json:"unreadable,omitempty"`

	Period   period.Month `json:"period,omitzero"` // of its day, else of its invoice; 0 when neither can be read
	Day      period.Date  `json:"day,omitzero"`
	Account  string       `json:"account,omitempty"` // the partner's at the provider
	Invoice  string       `json:"invoice,omitempty"`
	Unbilled bool         `json:"unbilled,omitempty"` // the row names no invoice

	Customer        string `json:"customer,omitempty"` // the provider's tenant
	CustomerName    string `json:"customer_name,omitempty"`
	Entitlement     string `json:"entitlement,omitempty"`
	EntitlementName string `json:"entitlement_name,omitempty"`
	Product         string `json:"product,omitempty"`
	ProductName     string `json:"product_name,omitempty"`
	Meter           string `json:"meter,omitempty"`

	Entry  string  `json:"entry,omitempty"` // what the row says but for day, amounts and prices, as a hash
	Row    string  `json:"row,omitempty"`   // everything the row says, as a hash
	Answer *Answer `json:"answer,omitempty"`
}

// Answer is why something kept aside is no longer open.
type Answer struct {
	How    AnswerKind `json:"how"`
	Load   id.Load    `json:"load,omitempty"` // that brought it
	Reason string     `json:"reason,omitempty"`
	At     time.Time  `json:"at"`
}

// AnswerKind is a way to answer.
type AnswerKind string

// The ways to answer: a later import brought it; the rows of its whole invoice were imported again; it was unbilled,
// and the billed rows of its month have come; it is written off; it counts as it is printed.
const (
	Corrected  AnswerKind = "corrected"
	Replaced   AnswerKind = "replaced"
	Billed     AnswerKind = "billed"
	WrittenOff AnswerKind = "written_off"
	AsPrinted  AnswerKind = "as_printed"
)

// Answered is an answer, and what it is for.
type Answered struct {
	Ref    string `json:"ref"`
	Answer Answer `json:"answer"`
}

// Ref names something kept aside: the same import gives the same references, whatever order it reads in.
func Ref(load uint32, file uint16, line int64, ordinal int) string {
	return "asd_" + id.Derive("aside", fmt.Sprint(load), fmt.Sprint(file), fmt.Sprint(line), fmt.Sprint(ordinal))
}

// Where is its place as people read it, with the names of what it is about.
func (a *Item) Where() string {
	where := a.File
	if a.Line > 0 {
		where += fmt.Sprint(", line ", a.Line)
	}
	if a.Column != "" {
		where += ", column " + a.Column
	}
	if names := a.Names(); names != "" {
		where += " (" + names + ")"
	}
	return where
}

// Said is its place and why it does not count. Faults of files begin with the file themselves.
func (a *Item) Said() string {
	if strings.HasPrefix(a.Reason, a.File) {
		return a.Reason
	}
	return a.Where() + ": " + a.Reason
}

// Names are the names of whose it is and of what, beside the provider's ids.
func (a *Item) Names() string {
	var out []string
	for _, one := range [...]string{a.CustomerName, cmp.Or(a.EntitlementName, a.Entitlement), a.ProductName} {
		if one != "" {
			out = append(out, one)
		}
	}
	return strings.Join(out, ", ")
}

// Stops says whether it prevents calling the billed rows of an invoice and month complete: it is of that invoice or
// month. What is unbilled says nothing of billed rows.
func (a *Item) Stops(invoice string, p period.Month) bool {
	return !a.Unbilled && (a.Period == p && p != 0 || a.Invoice != "" && a.Invoice == invoice)
}

// IsAgain says whether b is the same row or file as a, read again and not taken again.
func (a *Item) IsAgain(b *Item) bool {
	return a.Kind == b.Kind && FileName(a.File) == FileName(b.File) && a.Line == b.Line && a.Code == b.Code && a.Entry == b.Entry &&
		a.Invoice == b.Invoice && a.Period == b.Period && a.Value == b.Value && a.Rows == b.Rows
}

// FileName is the name of a file without its folder, and without the .gz that unpacking takes away.
func FileName(name string) string {
	return strings.TrimSuffix(path.Base(strings.ReplaceAll(name, `\`, "/")), ".gz")
}

// Open adds up what of the provider's files does not count and is not answered. Items lists it; a load and a draft say
// the sums alone.
type Open struct {
	Rows       int64        `json:"rows"` // kept aside, or in refused files as far as these were reached
	Files      int64        `json:"files_refused,omitempty"`
	Money      money.Totals `json:"money"` // as printed
	Unreadable int64        `json:"unreadable,omitempty"`
	Items      []Item       `json:"items,omitempty"`
}

// NewOpen adds up; of one refused file there may be several items. It is nil of nothing.
func NewOpen(list []Item) *Open {
	if len(list) == 0 {
		return nil
	}
	out := &Open{Money: money.Totals{}, Items: list}
	files := map[string]bool{}
	for i := range list {
		a := &list[i]
		out.Rows += a.Rows
		out.Unreadable += a.Unreadable
		for c, d := range a.Money {
			out.Money.Add(money.Of(d, c))
		}
		if key := string(a.Load) + a.File; a.Kind == RefusedFile && !files[key] {
			files[key] = true
			out.Files++
		}
	}
	return out
}

// Printed is the money in words: "12.50 EUR; the amount of 2 rows cannot be read".
func (o *Open) Printed() string {
	if o == nil || o.Rows == 0 {
		return "no amount that could be read"
	}
	var sums []string
	for _, c := range o.Money.Currencies() {
		sums = append(sums, o.Money[c].Fixed(c.Digits())+" "+string(c))
	}
	text := strings.Join(sums, ", ")
	if o.Unreadable > 0 {
		if text != "" {
			text += "; "
		}
		text += "the amount of " + plural(o.Unreadable, "row") + " cannot be read"
	}
	return text
}

// String is the sums in words: "3 rows (12.50 EUR; the amount of 2 rows cannot be read), 1 refused file".
func (o *Open) String() string {
	if o == nil {
		return "nothing"
	}
	text := plural(o.Rows, "row")
	if o.Rows > 0 {
		text += " (" + o.Printed() + ")"
	}
	if o.Files > 0 {
		text += ", " + plural(o.Files, "refused file")
	}
	return text
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprint(n, " ", noun, "s")
}

// Filter narrows a list; zero fields narrow nothing.
type Filter struct {
	Open   bool         // not answered
	OpenOr []AnswerKind // not answered, or in one of these ways
	Period period.Month // of this month, or of one that is not known
	Refs   []string
}

// OfMonth is the part of a list that is of a month for sure.
func OfMonth(list []Item, p period.Month) []Item {
	return slices.DeleteFunc(slices.Clone(list), func(a Item) bool { return a.Period != p })
}

// Answering is a person's answer about rows and files that do not count. Ref is the reference of one, or the id of an import
// command: then it is about everything of it that is open.
type Answering struct {
	Ref         string  `json:"ref"`
	CorrectedBy id.Load `json:"corrected_by,omitempty"` // the later import that brought it
	WriteOff    bool    `json:"write_off,omitempty"`    // it is not billed
	AsPrinted   bool    `json:"as_printed,omitempty"`   // it counts as it is printed, though it is doubtful
	Reason      string  `json:"reason,omitempty"`       // why; of what is written off it must be said
	DryRun      bool    `json:"dry_run,omitempty"`      // only say what would be answered
}

// Settled is what was answered, or would be, in money.
type Settled struct {
	Open
	DryRun bool    `json:"dry_run,omitempty"`
	Load   id.Load `json:"load,omitempty"` // of what is taken as printed: the import that it counts by
	Left   *Open   `json:"left,omitempty"` // of the import that was named: what cannot be taken as printed, and stays open
	// Effects is what a dry run of taking it as printed would do to months that are issued, as Preview described them.
	Effects json.RawMessage `json:"effects,omitempty"`
}

// NotComplete is a month that an import was to complete, and what is wrong with it.
type NotComplete struct {
	Invoice string       `json:"invoice"`
	Period  period.Month `json:"period"`
	Open    *Open        `json:"open"`
}

// OtherMonth is what a provider's invoice charges for another month than its own.
type OtherMonth struct {
	Invoice string       `json:"invoice"`
	Period  period.Month `json:"period"` // that it is charged for
	Billed  period.Month `json:"billed"` // the invoice's own
	Rows    int64        `json:"rows"`
	Money   money.Totals `json:"money"`
}

// Waiting is what of a month is on no document, beyond what its drafts say: rows and files that do not count, of the month
// and of no month that can be told, and what the provider's invoices charge for other months.
type Waiting struct {
	Aside       *Open        `json:"aside,omitempty"`
	Unknown     *Open        `json:"aside_of_unknown_month,omitempty"`
	OtherMonths []OtherMonth `json:"other_months,omitempty"`
}
