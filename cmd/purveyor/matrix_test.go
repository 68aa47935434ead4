package main

import (
	"context"
	"flag"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/cli"
	"github.com/purveyor-csp/purveyor/internal/matrix"
	"github.com/purveyor-csp/purveyor/internal/period"
)

var printMatrix = flag.String("matrix", "", "write what came of every cell to this file, to be reviewed")

// newMatrixWay is a way into a directory in which callers say who they are.
func newMatrixWay(t *testing.T) http.RoundTripper {
	t.Helper()
	way, done, err := program().Open(t.Context(), t.TempDir(), cli.OpenOptions{
		Create: true, Temporary: true, Clock: period.NewDate(2026, 10, 5), Named: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := done(); err != nil {
			t.Error(err)
		}
	})
	return way
}

// TestMatrix holds every call, by everybody, of everything, against the reviewed table.
func TestMatrix(t *testing.T) {
	if testing.Short() {
		t.Skip("the whole matrix is not run with -short")
	}
	table, err := matrix.Expected()
	if err != nil {
		t.Fatal(err)
	}
	r, got, err := matrix.Run(context.Background(), newMatrixWay(t), table)
	if err != nil {
		t.Fatal(err)
	}
	if *printMatrix != "" {
		if err := os.WriteFile(*printMatrix, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if r.Mismatches+r.Leaked > 0 || r.Cells < 5000 || r.Bodies < 5000 {
		t.Errorf("%s\n%s", strings.Join(r.Wrong[:min(len(r.Wrong), 60)], "\n"), strings.Join(r.Leaks[:min(len(r.Leaks), 120)], "\n"))
	}
	t.Logf("%d cells, %d mismatches, %d canaries leaked in %d bodies", r.Cells, r.Mismatches, r.Leaked, r.Bodies)
}

// TestMatrixFires plants what the matrix is there to find.
func TestMatrixFires(t *testing.T) {
	if testing.Short() {
		t.Skip("the whole matrix is not run with -short")
	}
	table, err := matrix.Expected()
	if err != nil {
		t.Fatal(err)
	}
	delete(table, "policy-show")                                // a call nobody reviewed
	table["margin-list"]["customer-global-admin"] = "A-DDDDD"   // a wrong expectation
	table["no-such-call"] = map[string]string{"owner": "-----"} // a call that is gone
	r, _, err := matrix.Run(t.Context(), leaking{newMatrixWay(t)}, table)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(append(r.Wrong, r.Leaks...), "\n")
	for _, want := range []string{
		"policy-show is a call of the API and not in the table",
		"no-such-call is in the table and no call of the API",
		`margin-list by customer-global-admin of own: expected "A", got "D"`,
		`relationship-show by customer-global-admin of sibling: answers 404`,
		`customer-billing-reader reads "cost of zcustomer" in GET /clock`,
		`reseller-global-admin reads "cost of zcustomer" in GET /clock`,
		`partner-helpdesk-agent reads "cost of zcustomer" in GET /clock`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the matrix does not say: %s", want)
		}
	}
	if strings.Contains(all, `partner-billing-admin reads "cost of zcustomer"`) {
		t.Error("the partner's billing admin may see cost, and the matrix says it leaked")
	}
	if r.Mismatches != len(r.Wrong) || r.Leaked != len(r.Leaks) {
		t.Errorf("%d mismatches and %d leaks are counted, and %d and %d listed", r.Mismatches, r.Leaked, len(r.Wrong), len(r.Leaks))
	}
}

// leaking is an API that tells everybody a customer's cost with the time, and of the relationships of others that there
// are such.
type leaking struct{ http.RoundTripper }

func (l leaking) RoundTrip(r *http.Request) (*http.Response, error) {
	out, err := l.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	said := ""
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/clock"):
		said = "73131.3137"
	case strings.Contains(path, "/relationships/") && !strings.Contains(path, "rel_0000") && out.StatusCode == http.StatusNotFound:
		said = "but there is one"
	}
	if said != "" {
		b, _ := io.ReadAll(out.Body)
		_ = out.Body.Close()
		out.Body = io.NopCloser(strings.NewReader(string(b) + said))
	}
	return out, nil
}
