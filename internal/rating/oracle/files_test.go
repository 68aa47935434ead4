package oracle_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/intake/microsoft"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating/oracle"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// command is one import command: its files, and what they say.
type command struct {
	what string
	oracle.Import
	files []file
}

type file struct {
	name  string
	bytes []byte
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// rowsCommand prints rows into up to three files, each as CSV or JSON lines, some compressed; now and then with rows
// between them that cannot be counted.
func (m *generator) rowsCommand(what string, in oracle.Import, rows []oracle.Row) command {
	c := command{what: what, Import: in}
	rows = slices.Clone(rows)
	closed := in.Complete && m.in100(70) // a month with billed rows kept aside is not complete
	for range m.IntN(2) * len(rows) / 150 {
		if r := rows[m.IntN(len(rows))]; !closed || r[usage.InvoiceNumber] == "" {
			rows = append(rows, m.spoil(r))
		}
	}
	m.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	rows = together(rows)
	for i := range rows {
		c.Rows = append(c.Rows, &rows[i])
	}
	for size := 1 + len(rows)/(1+m.IntN(3)); len(rows) > 0; {
		n := min(size, len(rows))
		for n < len(rows) && rows[n] == rows[n-1] { // what stands in two files of a command needs a statement to say how often it counts
			n++
		}
		part := rows[:n]
		rows = rows[len(part):]
		f := file{"usage.csv", m.csv(part)}
		if m.in100(40) {
			f = file{"usage.jsonl", m.jsonl(part)}
		}
		if m.in100(20) {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			_, _ = z.Write(f.bytes)
			_ = z.Close()
			f = file{f.name + ".gz", b.Bytes()}
		}
		c.files = append(c.files, f)
	}
	return c
}

// together puts equal rows behind the first of them.
func together(rows []oracle.Row) (out []oracle.Row) {
	times := map[oracle.Row]int{}
	for _, r := range rows {
		times[r]++
	}
	for _, r := range rows {
		for range times[r] {
			out = append(out, r)
		}
		delete(times, r)
	}
	return out
}

// csv prints rows with the columns in some order and dates as files have them.
func (m *generator) csv(rows []oracle.Row) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	order := m.Perm(int(usage.NumPrinted))
	record := make([]string, len(order))
	for i, c := range order {
		record[i] = microsoft.ColumnName(usage.Column(c))
	}
	_ = w.Write(record)
	for _, r := range rows {
		for i, c := range order {
			record[i] = r[c]
			if d, err := period.ParseDate(r[c]); usage.Column(c) == usage.UsageDate && err == nil {
				record[i] = d.Time().Format("1/2/2006")
			}
		}
		_ = w.Write(record)
	}
	w.Flush()
	return b.Bytes()
}

// jsonl prints rows by their API names, numbers as numbers, credits as fractions.
func (m *generator) jsonl(rows []oracle.Row) []byte {
	var b bytes.Buffer
	order := m.Perm(int(usage.NumPrinted))
	for _, r := range rows {
		for i, c := range order {
			name, value := microsoft.ColumnName(usage.Column(c)), r[c]
			name = strings.ToLower(name[:1]) + name[1:]
			switch usage.Column(c) {
			case usage.EarnedCredit, usage.Credit:
				name = map[usage.Column]string{usage.EarnedCredit: "rateOfPartnerEarnedCredit", usage.Credit: "rateOfCredit"}[usage.Column(c)]
				value = fraction(value)
			case usage.UsageDate:
				value += "T00:00:00Z"
			}
			fmt.Fprintf(&b, "%s%q:%s", map[bool]string{true: "{", false: ","}[i == 0], name, m.literal(usage.Column(c), value))
		}
		b.WriteString("}\n")
	}
	return b.Bytes()
}

// fraction is a percentage as a fraction.
func fraction(percent string) string {
	return map[string]string{"0": "0", "15": "0.15", "100": "1", "12.5": "0.125"}[percent]
}

// literal is a value as JSON: amounts without quotes where they are numbers, and tag sets now and then as objects.
func (m *generator) literal(c usage.Column, value string) string {
	bare := slices.Contains([]usage.Column{usage.Quantity, usage.BillingPreTaxTotal, usage.PricingPreTaxTotal, usage.UnitPrice, usage.ExchangeRate,
		usage.EarnedCredit, usage.Credit}, c) || c == usage.Tags && strings.HasPrefix(value, "{") && m.in100(50)
	if bare && json.Valid([]byte(value)) {
		return value
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(m.in100(50))
	_ = e.Encode(value)
	return strings.TrimSpace(b.String())
}

// linesCommand prints reconciliation lines as CSV.
func (m *generator) linesCommand(what string, in oracle.Import, lines []map[string]string) command {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	names := sorted(lines[0])
	_ = w.Write(names)
	for _, l := range lines {
		record := make([]string, len(names))
		for i, n := range names {
			record[i] = l[n]
		}
		_ = w.Write(record)
	}
	w.Flush()
	for i, l := range lines {
		in.Lines = append(in.Lines, &oracle.Line{Number: int64(i + 2), Text: l})
	}
	return command{what, in, []file{{"lines.csv", b.Bytes()}}}
}
