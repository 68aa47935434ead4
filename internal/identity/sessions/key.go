package sessions

import "time"

// Key is a key tokens are signed with. Private is sealed PKCS #8; what it says is the surface's to know.
type Key struct {
	ID      string
	Private []byte
	Created time.Time
}

// How long a key signs, and how long after that tokens signed with it are still accepted: longer than any token lives.
const (
	keySigns = 30 * 24 * time.Hour
	keyKept  = 2 * 24 * time.Hour
)

// signing is the key to sign with now: the newest, unless it has done its time.
func signing(keys []Key, now time.Time) (Key, bool) {
	var newest Key
	for _, k := range keys {
		if k.Created.After(newest.Created) && !k.Created.After(now) {
			newest = k
		}
	}
	return newest, newest.ID != "" && now.Before(newest.Created.Add(keySigns))
}

// accepted are the keys whose signatures count now.
func accepted(keys []Key, now time.Time) (list []Key) {
	for _, k := range keys {
		if now.Before(k.Created.Add(keySigns + keyKept)) {
			list = append(list, k)
		}
	}
	return list
}
