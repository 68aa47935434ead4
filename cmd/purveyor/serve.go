package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/callers"
	"github.com/purveyor-csp/purveyor/internal/api/limits"
	peopleapi "github.com/purveyor-csp/purveyor/internal/api/native/people"
	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/installation"
	"github.com/purveyor-csp/purveyor/internal/vault"
)

// maxHeaderBytes is the maximum size of address and headers, with tokens and cookies: addresses are written into
// logs.
const maxHeaderBytes = 32 << 10

// serve serves a data directory until the context ends: at its socket to the local operator, and at an address. Over
// TLS callers sign in. Without TLS the address must be of this machine, and a request without a sign-in is made as
// the local operator.
func serve(ctx context.Context, dir string, o installation.Options) (err error) {
	web, err := listen(o)
	if err != nil {
		return err
	}
	defer web.Close()
	n, err := installation.Open(ctx, dir, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	if n.OnlyRead {
		return installation.ReadOnly(dir)
	}
	n.CompareStores(ctx)
	certs, err := newCertificates(n.Vault, o.Settings)
	if err != nil {
		return err
	}
	if certs != nil {
		web = tls.NewListener(web, certs.config())
	}
	site := siteOf(web.Addr(), certs)
	site.Limits, site.PrivateProviders = limits.Limits{Requests: o.Requests, Concurrent: o.AtOnce, Held: int64(o.BodyMB) << 20}, o.PrivateProviders
	if site.Proxies, err = callers.ParseProxies(o.Proxies); err != nil {
		return err
	}
	authority, err := n.ServeAt(site)
	if err != nil {
		return err
	}
	local, err := listenSocket(filepath.Join(dir, installation.SocketName))
	if err != nil {
		return err
	}
	fmt.Printf("serving %s on %s%s; stop with Ctrl-C\n", dir, authority.Base, notes(n.Vault, certs))
	if certs != nil && n.Clock.Movable() {
		fmt.Println("demo data: whoever reaches this address can sign in, for the passwords follow a rule that everybody may read")
	}
	first := invitation{people: n.People, at: authority.Base, out: os.Stdout}
	if err := first.send(context.WithoutCancel(ctx)); err != nil { // stopping a server while it starts is no error
		return err
	}
	invite := func(ctx context.Context) error {
		if n.Clock.Movable() { // demo data already has people
			return nil
		}
		return first.send(ctx)
	}
	requests, tell := context.WithCancelCause(context.WithoutCancel(ctx))
	defer tell(nil)
	server := &http.Server{
		Handler: n.API.Handler(), ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: maxHeaderBytes, IdleTimeout: 2 * time.Minute, ErrorLog: slog.NewLogLogger(n.API.Log.Handler(), slog.LevelWarn),
		BaseContext: func(l net.Listener) context.Context {
			if l == local {
				return access.AtDirectory(requests)
			}
			return requests
		},
	}
	server.RegisterOnShutdown(n.Backups.Stop)
	var running sync.WaitGroup
	running.Go(func() { n.Work(ctx, invite) })
	failed := make(chan error, 2)
	for _, l := range []net.Listener{web, local} {
		running.Go(func() {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		})
	}
	if err = notify("READY=1"); err == nil {
		select {
		case err = <-failed:
		case <-ctx.Done():
		}
		err = errors.Join(err, notify("STOPPING=1"))
	}
	err = errors.Join(err, stop(server, tell))
	running.Wait()
	return err
}

// notes says who may call, and which certificate authority clients must trust.
func notes(v *vault.Vault, certs *certificates) string {
	who := " for this machine only, as the local operator"
	if certs != nil {
		who = " for whoever signs in"
	}
	if certs != nil && certs.authority != nil {
		who += "; clients trust " + v.CAFile()
	}
	return who
}

// invitation prints the one-time link of the first person once, as soon as there is a partner without people who can
// sign in. A lost or expired link is replaced at the next start.
type invitation struct {
	people *people.Service
	at     string // the address in the link
	out    io.Writer
	done   bool
}

func (i *invitation) send(ctx context.Context) error {
	if i.done {
		return nil
	}
	if _, err := i.people.Manager.Directory.Realm(ctx, ""); err != nil {
		if fault.KindOf(err) == fault.NotFound { // no partner yet
			return nil
		}
		return err
	}
	link, err := i.people.FirstLink(ctx)
	if err != nil {
		return err
	}
	i.done = true
	if link != "" {
		_, err = fmt.Fprintf(i.out, "nobody can sign in yet; the first person, who may do everything, begins within three days at %s%s%s\n",
			i.at, peopleapi.SetUpPath, link)
	}
	return err
}

// listen refuses to listen without TLS on an address that other machines can reach, because callers without TLS do
// not sign in.
func listen(o installation.Options) (net.Listener, error) {
	address := o.Listen
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	if err != nil {
		return nil, fault.New(fault.Invalid, "no_address", "%q is not an address to listen on: write HOST:PORT, such as 127.0.0.1:8080", address)
	}
	if alone := host == "localhost" || ip != nil && ip.IsLoopback(); !alone && len(o.TLSHost) == 0 && o.TLSCert == "" {
		return nil, fault.New(fault.Invalid, "no_tls",
			"%q is not an address of this machine alone, and nobody signs in in the clear: add --tls-host NAME, or --tls-cert and --tls-key; or serve on 127.0.0.1:PORT", address)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "cannot_listen", "cannot listen on %s: %v; name another address with --listen", address, errors.Unwrap(err)).Because(err)
	}
	return l, nil
}

// listenSocket listens on the data directory's socket, for its owner only. This process holds the lock, so a socket
// that exists was left by a process that has ended.
func listenSocket(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "no_socket", "%s cannot be made: %v", path, err).Because(err)
	}
	return l, os.Chmod(path, 0o600)
}

func logger(s config.Settings) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // one of the enumerated
	o := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, o))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, o))
}
