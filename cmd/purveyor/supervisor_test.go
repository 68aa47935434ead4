package main

import (
	"context"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// TestNotify: the supervisor's socket is told, and nothing happens where there is none.
func TestNotify(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	if err := notify("READY=1"); err != nil {
		t.Error(err)
	}
	at := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: at, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", at)
	if err := notify("READY=1"); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 64)
	if n, err := l.Read(b); err != nil || string(b[:n]) != "READY=1" {
		t.Errorf("%q, %v", b[:n], err)
	}
	t.Setenv("NOTIFY_SOCKET", at+"x")
	if err := notify("READY=1"); fault.CodeOf(err) != "no_supervisor" {
		t.Errorf("%v", err)
	}
}

// TestRequestsAreToldToEnd: an import that is under way when the server stops ends as refused with the reason, and nothing of it is kept.
func TestRequestsAreToldToEnd(t *testing.T) {
	s := newStaffScenario(t)
	s.as("")
	body, w := io.Pipe()
	form := multipart.NewWriter(w)
	ctx, tell := context.WithCancelCause(t.Context())
	go func() {
		part, _ := form.CreateFormField("manifest")
		_, _ = io.WriteString(part, `{"files":[{"name":"f.csv"}]}`)
		part, _ = form.CreateFormFile("file", "f.csv")
		_, _ = io.WriteString(part, "PartnerId,CustomerId,InvoiceNumber,ProductId,SkuId,SubscriptionId,UsageDate,MeterId,UnitPrice,Quantity,BillingPreTaxTotal,BillingCurrency,PricingPreTaxTotal,PricingCurrency,PCToBCExchangeRate,EntitlementId\n"+
			"p-1,t-2,G2,DZH1,0001,plan-2,9/1/2026,m-1,1,7,7,EUR,7,EUR,1,e-2\n")
		tell(fault.New(fault.Unavailable, "server_stops", "the server stops"))
		_ = w.CloseWithError(io.ErrUnexpectedEOF)
	}()
	r := httptest.NewRequestWithContext(access.AsLocalOperator(ctx), http.MethodPost, "http://localhost"+kernel.Prefix+"/imports", body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	out := httptest.NewRecorder()
	s.n.API.Handler().ServeHTTP(out, r)
	if !strings.Contains(out.Body.String(), "server_stops") {
		t.Errorf("%d %s", out.Code, out.Body)
	}
}
