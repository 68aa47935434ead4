package sessions

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// SigningKeys are the keys whose signatures count now, and the one to sign with. generate makes a new key when the one in
// use has done its time; two callers who notice at once make one.
func (v *Service) SigningKeys(ctx context.Context, generate func() (name string, private []byte, err error)) (all []Key, sign Key, err error) {
	var keys []Key
	read := func(ctx context.Context, r tx.Read) error {
		keys, err = v.Keys.Keys(ctx, r)
		return err
	}
	if err := v.DB.View(ctx, read); err != nil {
		return nil, sign, err
	}
	if _, ok := signing(keys, v.Now()); !ok {
		fresh, err := v.freshKey(ctx, generate)
		if err != nil {
			return nil, sign, err
		}
		err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
			if err := read(ctx, t); err != nil {
				return err
			}
			if _, ok := signing(keys, v.Now()); ok {
				return nil
			}
			keys = append(keys, fresh)
			if err := v.Keys.SaveKey(ctx, t, fresh); err != nil {
				return err
			}
			return v.Events.Append(ctx, t, event.SigningKeyMade, string(identity.Installation), fresh.ID, nil)
		})
		if err != nil {
			return nil, sign, err
		}
	}
	sign, _ = signing(keys, v.Now())
	keys = accepted(keys, v.Now())
	for i := range keys {
		if keys[i].Private, err = v.Sealer.Open(ctx, identity.Installation, keys[i].Private); err != nil {
			return nil, sign, err
		}
		if keys[i].ID == sign.ID {
			sign = keys[i]
		}
	}
	return keys, sign, nil
}

func (v *Service) freshKey(ctx context.Context, generate func() (string, []byte, error)) (k Key, err error) {
	k.Created = v.Now()
	var private []byte
	if k.ID, private, err = generate(); err != nil {
		return k, err
	}
	k.Private, err = v.Sealer.Seal(ctx, identity.Installation, private)
	return k, err
}
