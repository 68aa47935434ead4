package main

import (
	"net/http"
	"testing"
)

// TestSecurityHeaders checks the headers of every kind of answer, and makes calls as pages of other sites would.
func TestSecurityHeaders(t *testing.T) {
	c := newCaller(t, "")
	for _, path := range []string{"/status", "/invoices/none", "/nowhere"} {
		answer, _ := c.send(http.MethodGet, path, "", nil)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "Strict-Transport-Security": "",
		} {
			if got := answer.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		if answer.Header.Get("Content-Security-Policy") == "" || answer.Header.Get("Content-Type") == "" || answer.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v", path, answer.Header)
		}
	}
	for name, status := range map[string]int{"cross-site": 403, "same-site": 403, "same-origin": 200, "none": 200} {
		c.want(status, nil, http.MethodPost, "/checks", "", "", "Sec-Fetch-Site", name)
	}
	c.want(403, nil, http.MethodPost, "/checks", "", "", "Origin", "https://evil.example")
	c.want(403, nil, http.MethodPost, "/checks", "", "", "Origin", "null")
}
