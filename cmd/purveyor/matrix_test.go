package main

import (
	"flag"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/matrix"
	"github.com/purveyor-csp/purveyor/internal/period"
)

var printMatrix = flag.String("matrix", "", "write what came of every cell to this file, to be reviewed")

// newMatrixTransport is a transport to an installation in which the context of a request names its caller.
func newMatrixTransport(t *testing.T) http.RoundTripper {
	t.Helper()
	way, done, err := program().Open(t.Context(), t.TempDir(), command.OpenOptions{
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

// TestMatrix compares every call by every role on everything with the reviewed table.
func TestMatrix(t *testing.T) {
	if testing.Short() {
		t.Skip("the whole matrix is not run with -short")
	}
	run := recordedMatrix(t)
	r, got := run.result, run.got
	if *printMatrix != "" {
		if err := os.WriteFile(*printMatrix, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if r.Mismatches+r.Leaked > 0 || r.Cells < 5000 || r.Bodies < 5000 {
		t.Errorf("%s\n%s", strings.Join(r.Mismatched[:min(len(r.Mismatched), 60)], "\n"), strings.Join(r.Leaks[:min(len(r.Leaks), 120)], "\n"))
	}
	t.Logf("%d cells, %d mismatches, %d canaries leaked in %d bodies", r.Cells, r.Mismatches, r.Leaked, r.Bodies)
}

// TestMatrixFires plants faults that the matrix must find, in the table and in the answers of the run that TestMatrix checks.
func TestMatrixFires(t *testing.T) {
	if testing.Short() {
		t.Skip("the whole matrix is not run with -short")
	}
	table, err := matrix.Expected()
	if err != nil {
		t.Fatal(err)
	}
	delete(table, "policy-show")                                // a call that is not in the table
	table["margin-list"]["customer-global-admin"] = "A-DDDDD"   // a wrong expectation
	table["no-such-call"] = map[string]string{"owner": "-----"} // a call that does not exist
	answers := &replayed{answers: recordedMatrix(t).answers}
	r, _, err := matrix.Run(t.Context(), leakingAPI{answers}, table)
	if err != nil {
		t.Fatal(err)
	}
	if answers.next != len(answers.answers) {
		t.Errorf("%d of %d answers were judged", answers.next, len(answers.answers))
	}
	all := strings.Join(append(r.Mismatched, r.Leaks...), "\n")
	for _, want := range []string{
		"policy-show is a call of the API and not in the table",
		"no-such-call is in the table and no call of the API",
		`margin-list by customer-global-admin of own (usage charges: off): expected "A", got "D"`,
		`relationship-show by customer-global-admin of sibling: answers 404`,
		`customer-billing-reader reads "cost of zcustomer" in GET /clock (usage charges: off)`,
		`reseller-global-admin reads "cost of zcustomer" in GET /clock`,
		`partner-helpdesk-agent reads "cost of zcustomer" in GET /clock`,
		// A customer that may see one price may not see another.
		`cost-reader reads "public price of zcustomer" in GET /clock (usage charges: off)`,
		`cost-reader reads "public price of zcustomer" in GET /clock (usage charges: sell)`,
		`cost-reader reads "what zcustomer pays zreseller for zcustomer" in GET /clock (usage charges: list)`,
		// Amounts of an edge above, of another reseller, and amounts that nobody is shown: margins on one customer, and credit.
		`customer-global-admin reads "what zreseller pays zpartner for zcustomer" in GET /clock (usage charges: sell)`,
		`reseller-helpdesk-agent reads "what zreseller pays zpartner for zcustomer" in GET /clock`,
		`reseller-global-admin reads "what zother pays zpartner for zforeign" in GET /clock`,
		`customer-global-admin reads "margin of zreseller on zcustomer" in GET /clock (usage charges: sell)`,
		`reseller-global-admin reads "margin of zpartner on zcustomer" in GET /clock`,
		`owner reads "credit for zcustomer" in GET /clock (usage charges: list)`,
		`reseller-billing-admin reads "credit for zcustomer" in GET /clock`,
		`canary "credit for zcustomer" is on a page, and was thought to be on none`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the matrix does not say: %s", want)
		}
	}
	for _, allowed := range []string{
		`partner-billing-admin reads "cost of zcustomer"`, `reseller-global-admin reads "what zreseller pays zpartner for zcustomer"`,
		`cost-reader reads "public price of zcustomer" in GET /clock (usage charges: list)`, `reseller-global-admin reads "margin of zreseller on`,
		`cost-reader reads "what zcustomer pays zreseller for zcustomer" in GET /clock (usage charges: sell)`,
	} {
		if strings.Contains(all, allowed) {
			t.Errorf("an allowed amount is reported as leaked: %s", allowed)
		}
	}
	if r.Mismatches != len(r.Mismatched) || r.Leaked != len(r.Leaks) {
		t.Errorf("%d mismatches and %d leaks are counted, and %d and %d listed", r.Mismatches, r.Leaked, len(r.Mismatched), len(r.Leaks))
	}
}

// plantedLeaks are the amounts that the leaking API reveals: of a customer its cost, the public price, what the edges
// pay, the margins and the credit; and what another reseller pays.
var plantedLeaks = []string{"73131.3137", "86036.8396", "82638.3843", "104950.7482", "104770.5397", "9507.0707", "22312.3637", "12905.5259"}

// leakingAPI reveals amounts to everybody with the time of day, and to everybody else that a relationship exists.
type leakingAPI struct{ http.RoundTripper }

func (l leakingAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	out, err := l.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	output := ""
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/clock"):
		output = strings.Join(plantedLeaks, " ")
	case strings.Contains(path, "/relationships/") && !strings.Contains(path, "rel_0000") && out.StatusCode == http.StatusNotFound:
		output = "but there is one"
	}
	if output != "" {
		b, _ := io.ReadAll(out.Body)
		_ = out.Body.Close()
		out.Body = io.NopCloser(strings.NewReader(string(b) + output))
	}
	return out, nil
}
