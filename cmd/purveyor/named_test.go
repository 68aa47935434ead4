package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/delegation"
)

// TestErasedPeopleAreNamedNowhere: a person is named by an offer and a consent, activates a role, and is erased. The
// export before the erasure lists all of it. Afterwards neither their name nor their id at the provider is in any
// file, the consent still says that it was given by a person, and the customer can still read what was done.
func TestErasedPeopleAreNamedNowhere(t *testing.T) {
	sequential(t)
	s := newDelegationScenario(t)
	const name, object = "Aurelie Quintessence", "5e3b7c1a-0000-4000-8000-0000000000aa"
	agent := delegation.Holder{ID: string(s.agent.ID), Kind: delegation.User, Name: name, Object: object}
	d, err := s.n.Delegation.Define(s.op, delegation.Definition{
		Name: "Personal", Organisation: s.agent.Realm, Always: []delegation.Authorization{{Holder: agent, Role: "Reader"}},
		Eligible: []delegation.Eligible{{Holder: agent, Role: "Contributor", Policy: delegation.Policy{Longest: "PT1H", Approvers: []delegation.Holder{
			{ID: string(s.lead.ID), Kind: delegation.User, Name: "Lead"},
		}}}},
	})
	s.ok(err)
	r, err := s.n.Delegation.Register(s.now(s.session(s.boss, false)), d.ID, delegation.Place{Entitlement: "e-1"})
	s.ok(err)
	_, err = s.n.Delegation.Activate(s.now(s.session(s.agent, true)), delegation.ActivationRequest{Registration: r.ID, Role: "Contributor", Length: "PT1H", Reason: "the shop is slow"})
	s.ok(err)

	about, err := s.n.Safe.Export(s.op, s.agent.ID)
	s.ok(err)
	told, err := json.Marshal(about)
	s.ok(err)
	for _, text := range []string{name, object, "the shop is slow", "rol_partner-helpdesk-agent"} {
		if !bytes.Contains(told, []byte(text)) {
			t.Errorf("the export does not hold %q: %s", text, told)
		}
	}
	if n := s.standing(name, object); n == 0 {
		t.Fatal("the scan finds none of the texts that are stored")
	}
	s.ok(s.n.Safe.Erase(s.op, s.agent.ID))
	s.ok(s.n.Drain(s.op))
	if n := s.standing(name, object); n > 0 {
		t.Errorf("their name or id is still in files, %d times", n)
	}
	boss := s.now(s.session(s.boss, false))
	list, err := s.n.Delegation.Registrations(boss, delegation.Filter{})
	s.ok(err)
	if h := list[0].Always[0].Holder; h.Name != "erased person" || h.ID != string(s.agent.ID) || list[0].Eligible[0].Policy.Approvers[0].Name != "Lead" {
		t.Errorf("the consent says %+v", list[0])
	}
	if trails, err := s.n.Delegation.Trails(boss, delegation.Filter{}); err != nil || len(trails) != 1 || trails[0].Reason != "the shop is slow" {
		t.Errorf("the customer reads %+v, %v", trails, err)
	}
}

// standing counts how often texts occur in the files of the installation, except the vault.
func (s *delegationScenario) standing(texts ...string) (n int) {
	s.Helper()
	s.ok(filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || filepath.Base(filepath.Dir(path)) == "vault" {
			return err
		}
		file, err := os.ReadFile(path)
		for _, text := range texts {
			n += bytes.Count(file, []byte(text))
		}
		return err
	}))
	return n
}
