package api

import (
	"net/http"
	"time"
)

// LeaveUnread is called before a request is answered whose body is not wanted: the answer is sent at once and the connection
// ends behind it. Otherwise the library reads the rest of the body first, however slowly it comes.
func LeaveUnread(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor != 1 || r.ContentLength == 0 {
		return
	}
	w.Header().Set("Connection", "close")
	_ = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0)) // in the past; what is no network knows none
}
