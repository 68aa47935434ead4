package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// served is what a running server answered: how long requests took, by what was asked.
type served struct {
	token, operator []float64            // seconds: the same request with a token to verify, and by the local operator
	queries         map[string][]float64 // seconds
}

// A query is asked so often, the first time to warm up, or for so many seconds.
const (
	requestPairs = 5000
	queryRuns    = 20
	querySeconds = 15
)

// queries are views of a month, by name.
var queries = map[string]string{
	"service × day, partner":                  "by=service,day",
	"top resource groups, partner":            "by=resource_group",
	"a tag, partner":                          "by=tag:env",
	"subscription × day, one customer":        "customer=c0007&by=subscription,day",
	"resource × meter of a tag, one customer": "customer=c0007&by=resource,meter,tag:env",
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
		if waited := cmd.Wait(); waited != nil && err == nil && !errors.Is(waited, context.Canceled) {
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
	b.served = served{queries: map[string][]float64{}}
	took := func(path, token string, keep *[]float64) error {
		start := time.Now()
		_, err := call(ctx, http.MethodGet, at+path, token, nil)
		*keep = append(*keep, since(start))
		return err
	}
	for range requestPairs { // side by side, so that a noisy second falls on both
		if err := errors.Join(took("/api/v1/clock", token, &b.served.token), took("/api/v1/clock", "", &b.served.operator)); err != nil {
			return err
		}
	}
	for name, query := range queries {
		var list []float64
		for start := time.Now(); len(list) < 2 || len(list) <= queryRuns && since(start) < querySeconds; {
			if err := took("/api/v1/costs?period="+month+"&"+query, token, &list); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		b.served.queries[name] = list[1:]
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

func call(ctx context.Context, method, address, token string, body io.Reader) ([]byte, error) {
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
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %d %s", method, filepath.Base(address), res.StatusCode, text)
	}
	return text, err
}

// quantile is the value below which a share of a list lies.
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

// answered writes what queries took.
func (b *bench) answered(s *strings.Builder) {
	fmt.Fprintf(s, "\n| query of a running server, %d rows | median ms | p95 ms |\n|---|---|---|\n", b.rows)
	for _, name := range slices.Sorted(maps.Keys(b.served.queries)) {
		list := b.served.queries[name]
		fmt.Fprintf(s, "| %s | %.0f | %.0f |\n", name, quantile(list, 0.5)*1000, quantile(list, 0.95)*1000)
	}
	fmt.Fprintf(s, "\nA request with a token took %.0f µs, the local operator's %.0f µs (medians of %d of each, side by side).\n",
		quantile(b.served.token, 0.5)*1e6, quantile(b.served.operator, 0.5)*1e6, len(b.served.token))
}
