package login

import "testing"

func TestReturnAddressesOfClients(t *testing.T) {
	public, _ := knownClient("04B07795-8DDB-461A-BBEE-02F9E1BF7B46")
	web := client{Redirects: []string{"https://app.example/back"}}
	for _, c := range []struct {
		c    client
		to   string
		want bool
	}{
		{public, "http://localhost:8400", true}, {public, "http://127.0.0.1:1/x", true}, {public, "http://[::1]:9", true},
		{public, "https://localhost:8400", false}, {public, "http://localhost.evil.example", false}, {public, "http://evil@localhost", false},
		{public, "http://evil.example", false}, {public, "http://localhost#x", false}, {public, "", false}, {public, "javascript:alert(1)", false},
		{web, "https://app.example/back", true}, {web, "https://app.example/back/", false}, {web, "https://app.example/back?x=1", false},
		{web, "https://app.example/", false}, {web, "http://localhost:8400", false}, {web, "", false},
	} {
		if got := c.c.mayReturnTo(c.to); got != c.want {
			t.Errorf("%q to %q: %v", c.c.Name, c.to, got)
		}
	}
}
