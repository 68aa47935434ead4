package native

import (
	"io"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/recon"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

type reconcileInput struct {
	PeriodQuery
	Name  string   `query:"name" default:"statement" doc:"Name of the file, for what is said about it."`
	Total []string `query:"invoice_total,explode" doc:"The provider's invoice total, such as EUR:123.45; the sum of the lines if not given."`
}

func (s *Server) reconcile() stream[reconcileInput] {
	return stream[reconcileInput]{
		body:    &huma.RequestBody{Required: true, Content: files("application/octet-stream", "The reconciliation file: CSV or JSON lines, plain or .gz.")},
		answers: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: huma.TypeObject, Description: "statement, imported, sold, parts, differences, unexplained"}}},
		serve: func(h huma.Context, in *reconcileInput) {
			r, err := s.compare(h, in)
			if err != nil {
				fail(h, err)
				return
			}
			h.SetHeader("Content-Type", "application/json")
			h.SetStatus(200)
			_ = huma.DefaultJSONFormat.Marshal(h.BodyWriter(), r) // the client went away
		},
	}
}

func (s *Server) compare(h huma.Context, in *reconcileInput) (recon.Result, error) {
	total, err := parseTotals(in.Total)
	if err != nil {
		return recon.Result{}, err
	}
	var problems []usage.Problem
	out, err := s.Recon.CompareRead(h.Context(), in.Period.Month, func() (lines []usage.StatementLine, err error) {
		lines, problems, err = s.Statement(in.Name, &bounded{from: h.BodyReader(), left: maxStatement})
		return lines, err
	}, total)
	out.Problems = problems
	return out, err
}

// maxStatement bounds the file of a statement: its lines are held in memory. The largest partners' have a tenth of it.
const maxStatement = 1 << 30

// bounded reads up to a limit, and fails behind it.
type bounded struct {
	from io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fault.New(fault.Invalid, "statement_too_large", "the statement has more than %d MiB; nothing was compared: compare its invoices one by one", maxStatement>>20)
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// parseTotals reads "EUR:123.45", one for each currency; none is nil.
func parseTotals(list []string) (money.Totals, error) {
	var out money.Totals
	for _, one := range list {
		code, amount, _ := strings.Cut(one, ":")
		c, err := money.ParseCurrency(code)
		if err == nil {
			var d money.Decimal
			if d, err = money.Parse(amount); err == nil {
				if out == nil {
					out = money.Totals{}
				}
				out.Add(money.Of(d, c))
				continue
			}
		}
		return nil, fault.New(fault.Invalid, "bad_total", "%q is no amount such as EUR:123.45", one).With("invoice_total", "unreadable").Because(err)
	}
	return out, nil
}
