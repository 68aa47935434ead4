package native

import (
	_ "embed"
	"html/template"
	"net/http"

	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/api/native/status"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
)

//go:embed start.html
var startPage string

// startData is what the start page shows.
type startData struct {
	Status   status.Status
	Partner  string
	Recent   []invoice.Summary
	More     bool
	Problems string
	Routes   []startRoute
	Prefix   string
}

type startRoute struct{ Method, Path, Summary string }

const recentDocuments = 12

// start is the page at /: an overview for people who have just started the server.
func (s *Server) start() http.HandlerFunc {
	page := template.Must(template.New("start").Funcs(template.FuncMap{"money": func(v invoice.Summary) string {
		return v.Total.Fixed(v.Currency.Digits()) + " " + string(v.Currency)
	}}).Parse(startPage))
	return func(w http.ResponseWriter, r *http.Request) {
		data := startData{Prefix: kernel.Prefix}
		for _, route := range s.routes() {
			data.Routes = append(data.Routes, startRoute{route.Method, kernel.Prefix + route.Path, route.Summary})
		}
		if err := s.startData(r, &data); err != nil {
			data.Problems = kernel.ProblemOf(err).Detail
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := page.Execute(w, data); err != nil {
			s.Log.WarnContext(r.Context(), "the start page could not be written", "error", err)
		}
	}
}

func (s *Server) startData(r *http.Request, d *startData) error {
	var err error
	if d.Status, err = s.status().Read(r.Context()); err != nil {
		return err
	}
	w, err := s.Orgs.World(r.Context())
	if err != nil {
		return err
	}
	for i := range w.Organisations {
		if o := &w.Organisations[i]; o.Kind == org.Partner {
			d.Partner = o.Legal.Name
		}
	}
	month := period.DateOf(d.Status.Now).Month() - 1 // the month that is billed now; all months if nothing of it is issued
	list, err := s.Invoices.List(r.Context(), invoice.Filter{State: invoice.Issued, Period: month, Limit: recentDocuments + 1})
	if err == nil && len(list) == 0 {
		list, err = s.Invoices.List(r.Context(), invoice.Filter{State: invoice.Issued, Limit: recentDocuments + 1})
	}
	if d.More = len(list) > recentDocuments; d.More {
		list = list[:recentDocuments]
	}
	d.Recent = list
	return err
}
