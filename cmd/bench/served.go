package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// served are the times of requests to a running server, by query.
type served struct {
	token, operator []float64               // seconds: the same request with a token to verify, and by the local operator
	queries         [len(queries)][]float64 // seconds
	first           [len(queries)]float64   // times of the first requests, which do not count
	bytes           [len(queries)]int       // of an answer
	memory          int64                   // the most the server took, bytes
}

// How often a query is sent after the first time, or for how many seconds.
const (
	requestPairs = 5000
	queryRuns    = 40
	querySeconds = 60
)

// The kinds of queries, each with a goal of its own but the last.
const (
	partnerQuery  = "partner"
	tagQuery      = "tag, partner"
	customerQuery = "one customer"
	listQuery     = "one customer, a long list" // has none: much of its time is writing down what was asked for
)

// queries are views of a month.
var queries = [...]struct{ kind, name, query string }{
	{partnerQuery, "service × day", "by=service,day"},
	{partnerQuery, "resource groups", "by=resource_group"},
	{partnerQuery, "customer × service", "by=customer,service"},
	{tagQuery, "env", "by=tag:env"},
	{tagQuery, "app", "by=tag:app"},
	{tagQuery, "costcenter", "by=tag:costcenter"},
	{customerQuery, "subscription × day", "customer=c0007&by=subscription,day"},
	{customerQuery, "a tag", "customer=c0007&by=tag:env"},
	{listQuery, "resource group × meter", "customer=c0007&by=resource_group,meter"},
	{listQuery, "every resource × meter of a tag", "customer=c0007&by=resource,meter,tag:env"},
}

// serve takes the month into a data directory, serves it, and measures what requests cost.
func (b *bench) serve(ctx context.Context) (err error) {
	dir := b.file("served")
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"apply", "-f", b.file("world.yaml")}, {"pricebook", "publish", "-f", b.file("book.yaml")}, {"usage", "import", b.file("usage.csv"), "--complete"},
	} {
		if err := b.purveyorRun(ctx, append(args, "--data", dir)...); err != nil {
			return err
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	cmd := exec.CommandContext(ctx, b.purveyor, "serve", "--data", dir, "--listen", "127.0.0.1:0")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	said, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return err
	}
	defer func() {
		stop()
		waited := cmd.Wait()
		if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			b.served.memory = u.Maxrss << 10
		}
		if waited != nil && err == nil && !errors.Is(waited, context.Canceled) {
			err = waited
		}
	}()
	line, err := bufio.NewReader(said).ReadString('\n')
	at := regexp.MustCompile(`http://\S+`).FindString(line)
	if err != nil || at == "" {
		return fmt.Errorf("serve says %q: %w", line, err)
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
	return b.asked(ctx, at)
}

// asked measures a server.
func (b *bench) asked(ctx context.Context, at string) error {
	token, err := robot(ctx, at)
	if err != nil {
		return err
	}
	took := func(path, token string, keep *[]float64) (int, error) {
		start := time.Now()
		res, err := send(ctx, http.MethodGet, at+path, token, nil)
		if err != nil {
			return 0, err
		}
		defer res.Body.Close()
		n, err := io.Copy(io.Discard, res.Body)
		*keep = append(*keep, since(start))
		return int(n), err
	}
	for range requestPairs { // side by side, so that a noisy second falls on both
		_, signed := took("/api/v1/clock", token, &b.served.token)
		_, local := took("/api/v1/clock", "", &b.served.operator)
		if err := errors.Join(signed, local); err != nil {
			return err
		}
	}
	for i, q := range queries {
		var list []float64
		for start := time.Now(); len(list) < 2 || len(list) <= queryRuns && since(start) < querySeconds; {
			if b.served.bytes[i], err = took("/api/v1/costs?period="+month+"&"+q.query, token, &list); err != nil {
				return fmt.Errorf("%s: %w", q.name, err)
			}
		}
		b.served.first[i], b.served.queries[i] = list[0], list[1:]
	}
	return nil
}

// robot makes a program that may read everything, and signs it in.
func robot(ctx context.Context, at string) (token string, err error) {
	ask := func(path, body string) (v struct {
		ID, Secret string
		AppID      string `json:"app_id"`
	}, err error) {
		text, err := call(ctx, http.MethodPost, at+"/api/v1"+path, "", strings.NewReader(body))
		if err == nil {
			err = json.Unmarshal(text, &v)
		}
		return v, err
	}
	p, err := ask("/programs", `{"realm":"contoso","name":"bench"}`)
	if err != nil {
		return "", err
	}
	if _, err := ask("/role-assignments", fmt.Sprintf(`{"principal":%q,"realm":"contoso","role":"rol_partner-global-admin","scope":"contoso"}`, p.ID)); err != nil {
		return "", err
	}
	s, err := ask("/programs/"+p.ID+"/secrets", `{"days":1}`)
	if err != nil {
		return "", err
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {p.AppID}, "client_secret": {s.Secret}, "scope": {at + "/.default"}}
	res, err := http.PostForm(at+"/organizations/oauth2/v2.0/token", form)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var given struct {
		Access string `json:"access_token"`
		Words  string `json:"error_description"`
	}
	if err := json.NewDecoder(res.Body).Decode(&given); err != nil || given.Access == "" {
		return "", fmt.Errorf("no token: %s %w", given.Words, err)
	}
	return given.Access, nil
}

// call is the text of an answer.
func call(ctx context.Context, method, address, token string, body io.Reader) ([]byte, error) {
	res, err := send(ctx, method, address, token, body)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}

// send sends a request and expects status 200.
func send(ctx context.Context, method, address, token string, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		return nil, fmt.Errorf("%s %s: %d %s", method, filepath.Base(address), res.StatusCode, text)
	}
	return res, nil
}

// quantile is the value below which a share of a list is.
func quantile(list []float64, share float64) float64 {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

// signingIn is what a token and what its holder may cost a request, in microseconds: the medians' difference.
func signingIn(b *bench) (float64, bool) {
	return (quantile(b.served.token, 0.5) - quantile(b.served.operator, 0.5)) * 1e6, len(b.served.token) > 0
}

// signedIn is a request with a token of one by the local operator: the medians' ratio.
func signedIn(b *bench) (float64, bool) {
	return quantile(b.served.token, 0.5) / quantile(b.served.operator, 0.5), len(b.served.token) > 0
}

// firstRatio is the first view of the month, which reads its rows into memory, of what DuckDB takes to read their file.
func firstRatio(b *bench) (float64, bool) {
	y, ok := b.fastest(readCSV)
	return b.served.first[0] / y.Seconds, ok && b.served.first[0] > 0
}

// viewRatio is the slowest p95 of the queries of a kind, of the first view of the month: that one reads the rows.
func viewRatio(kind string) func(*bench) (float64, bool) {
	return func(b *bench) (float64, bool) {
		ms, ok := view(kind)(b)
		return ms / 1000 / b.served.first[0], ok
	}
}

// view is the slowest p95 of the queries of a kind, in milliseconds.
func view(kind string) func(*bench) (float64, bool) {
	return func(b *bench) (float64, bool) {
		worst := 0.0
		for i, q := range queries {
			if q.kind == kind {
				worst = max(worst, quantile(b.served.queries[i], 0.95)*1000)
			}
		}
		return worst, worst > 0
	}
}

// answered writes what queries took.
func (b *bench) answered(s *strings.Builder) {
	fmt.Fprintf(s, "\n| view of a month of %d rows, asked of a running server over HTTP | | answer KB | median ms | p95 ms | first ms |\n|---|---|---|---|---|---|\n", b.rows)
	for i, q := range queries {
		list := b.served.queries[i]
		fmt.Fprintf(s, "| %s | %s | %d | %.1f | %.1f | %.0f |\n", q.kind, q.name, b.served.bytes[i]>>10, quantile(list, 0.5)*1000, quantile(list, 0.95)*1000, b.served.first[i]*1000)
	}
	fmt.Fprintf(s, "\nEach was asked %d times after a first one, in this order: the first of all finds nothing in memory. The server took at most %d MB.\n",
		len(b.served.queries[0]), b.served.memory>>20)
	fmt.Fprintf(s, "\nA request with a token took %.0f µs, the local operator's %.0f µs (medians of %d of each, side by side).\n",
		quantile(b.served.token, 0.5)*1e6, quantile(b.served.operator, 0.5)*1e6, len(b.served.token))
}
