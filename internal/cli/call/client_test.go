package call

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// carried is a transport that calls a function.
type carried func(*http.Request) (*http.Response, error)

func (c carried) RoundTrip(r *http.Request) (*http.Response, error) { return c(r) }

// Every page is asked for; the answer then is one list.
func TestListPages(t *testing.T) {
	var asked []string
	api := New(carried(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.RawQuery)
		text := map[string]string{"": `{"items":[1,2],"next":"b/2"}`, "b/2": `{"items":[3],"next":"c"}`, "c": `{"items":[]}`}[r.URL.Query().Get("cursor")]
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(text))}, nil
	}))
	items, raw, err := List[int](t.Context(), api, "/things", Query("state", "new", "empty", ""))
	if err != nil || fmt.Sprint(items) != "[1 2 3]" || string(raw) != `{"items":[1,2,3]}` {
		t.Errorf("%v %s %v", items, raw, err)
	}
	if got := strings.Join(asked, " "); got != "state=new cursor=b%2F2&state=new cursor=c&state=new" {
		t.Errorf("asked %s", got)
	}
}

// A problem keeps its text, code and fields; what is no problem is still an error.
func TestProblems(t *testing.T) {
	for _, c := range []struct {
		status     int
		body, text string
		kind       fault.Kind
		code       string
	}{
		{409, `{"title":"Conflict","status":409,"detail":"it is issued; nothing was changed","code":"invoice_issued"}`, "it is issued; nothing was changed", fault.Conflict, "invoice_issued"},
		{422, `{"detail":"no","code":"bad","errors":[{"location":"rules[0]","message":"dead"}]}`, "no", fault.Invalid, "bad"},
		{502, `<html>`, "the API answered 502 Bad Gateway", fault.Internal, "internal"},
		{500, ``, "the API answered 500 Internal Server Error", fault.Internal, "internal"},
	} {
		api := New(carried(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: c.status, Status: fmt.Sprint(c.status, " ", http.StatusText(c.status)), Body: io.NopCloser(strings.NewReader(c.body))}, nil
		}))
		_, err := api.Get(t.Context(), "/x", nil, nil)
		if err == nil || err.Error() != c.text || fault.KindOf(err) != c.kind || fault.CodeOf(err) != c.code {
			t.Errorf("%d: %v, %s %s", c.status, err, fault.KindOf(err), fault.CodeOf(err))
		}
		if f, ok := err.(*fault.Fault); !ok || c.status == 422 && f.Fields["rules[0]"] != "dead" {
			t.Errorf("%d: %#v", c.status, err)
		}
	}
}
