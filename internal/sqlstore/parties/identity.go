package parties

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"

	"github.com/uptrace/bun"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/federation"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/programs"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Identity keeps people, programs and groups, and what proves who is calling.
type Identity struct{ DB *sqlstore.DB }

var (
	_ identity.Store    = Identity{}
	_ people.Store      = Identity{}
	_ programs.Store    = Identity{}
	_ sessions.Store    = Identity{}
	_ sessions.KeyStore = Identity{}
	_ federation.Store  = Identity{}
)

type (
	personRow struct {
		bun.BaseModel `bun:"table:person"`
		ID            string
		Realm         string
		Login         string
		Body          string
	}
	programRow struct {
		bun.BaseModel `bun:"table:program"`
		ID            string
		Realm         string
		Body          string
	}
	realmRow struct {
		ID     string
		Key    string
		Tenant string
		Body   string
	}
	groupRow struct {
		bun.BaseModel `bun:"table:principal_group"`
		ID            string
		Realm         string
		Body          string
	}
)

func notFoundRealm() error {
	return fault.New(fault.NotFound, "tenant_not_found", "no such tenant is known: check its id")
}

// Realm is an organisation by its tenant, the GUID of its id, its id or its key; the partner for "". Where one text
// names several, the tenant counts before the id and the id before the key.
func (x Identity) Realm(ctx context.Context, r tx.Read, s scope.Scope, ref string) (identity.Realm, error) {
	q := x.DB.Reader(r)
	var rows []realmRow
	where := sqlstore.SQL("tenant = ? OR id = ? OR key = ? OR (tenant = '' AND id IN (?))", strings.ToLower(ref), ref, ref,
		sqlstore.List(append(id.Named("org_", strings.ToLower(ref)), "")))
	if ref == "" {
		where = sqlstore.SQL("path NOT LIKE ?", "%/%") // the root of the tree
	}
	err := q.Query("SELECT id, key, tenant, body FROM organisation WHERE (?) AND ? ORDER BY id", where, sqlstore.Within(s, "path")).All(ctx, &rows)
	if err != nil || len(rows) == 0 {
		return identity.Realm{}, cmp.Or(err, notFoundRealm())
	}
	best := rows[0]
	for _, row := range rows {
		if row.rank(ref) > best.rank(ref) {
			best = row
		}
	}
	var o org.Organisation
	if err := json.Unmarshal([]byte(best.Body), &o); err != nil {
		return identity.Realm{}, err
	}
	return identity.Realm{
		ID: o.ID, Key: o.Key, Kind: string(o.Kind), Name: o.Legal.Name, Tenant: cmp.Or(best.Tenant, id.GUID(string(o.ID))),
	}, nil
}

// rank is how well a text names the organisation.
func (r realmRow) rank(ref string) int {
	switch ref {
	case r.ID:
		return 1
	case r.Key:
		return 0
	}
	return 2
}

// Account is a person by id, else a program.
func (x Identity) Account(ctx context.Context, r tx.Read, who id.Principal) (identity.Account, error) {
	p, err := x.Person(ctx, r, who)
	if fault.KindOf(err) != fault.NotFound {
		return identity.Account{ID: p.ID, Realm: p.Realm, State: p.State}, err
	}
	g, err := x.Program(ctx, r, who)
	return identity.Account{ID: g.ID, Realm: g.Realm, State: g.State, Program: err == nil, Credentials: g.Credentials()}, err
}

// Person is a person by id.
func (x Identity) Person(ctx context.Context, r tx.Read, who id.Principal) (people.Person, error) {
	return x.person(ctx, r, sqlstore.SQL("id = ?", string(who)))
}

// PersonByLogin is a person by the digest of their mail address.
func (x Identity) PersonByLogin(ctx context.Context, r tx.Read, login string) (people.Person, error) {
	return x.person(ctx, r, sqlstore.SQL("login = ? AND login <> ''", login))
}

func (x Identity) person(ctx context.Context, r tx.Read, where sqlstore.Fragment) (p people.Person, err error) {
	var row personRow
	ok, err := x.DB.Reader(r).Query("SELECT id, realm, login, body FROM person WHERE ?", where).One(ctx, &row)
	if err != nil {
		return p, err
	}
	if !ok {
		return p, fault.New(fault.NotFound, "person_not_found", "no such person is known")
	}
	return row.person()
}

func (row personRow) person() (p people.Person, err error) {
	err = json.Unmarshal([]byte(row.Body), &p)
	p.Login = row.Login
	return p, err
}

// inRealms is the condition that a row's realm lies in a scope, and is the one asked for, if any.
func inRealms(s scope.Scope, realm id.Organisation) []any {
	return []any{sqlstore.Within(s, "o.path"), string(realm), string(realm)}
}

const realmCondition = "JOIN organisation AS o ON o.id = x.realm WHERE ? AND (? = '' OR x.realm = ?) ORDER BY x.id"

// People lists people by id.
func (x Identity) People(ctx context.Context, r tx.Read, s scope.Scope, realm id.Organisation) ([]people.Person, error) {
	var rows []personRow
	err := x.DB.Reader(r).Query("SELECT x.id, x.realm, x.login, x.body FROM person AS x "+realmCondition, inRealms(s, realm)...).All(ctx, &rows)
	if err != nil {
		return nil, err
	}
	list := make([]people.Person, len(rows))
	for i, row := range rows {
		if list[i], err = row.person(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// SelfManaged says whether somebody of a realm has been able to sign in.
func (x Identity) SelfManaged(ctx context.Context, r tx.Read, s scope.Scope, realm id.Organisation) (bool, error) {
	if realm == "" {
		return false, nil
	}
	list, err := x.People(ctx, r, s, realm)
	return people.SelfManaged(list), err
}

// Programs lists programs by id.
func (x Identity) Programs(ctx context.Context, r tx.Read, s scope.Scope, realm id.Organisation) ([]programs.Program, error) {
	return sqlstore.Load[programs.Program](ctx, x.DB.Reader(r).Query("SELECT x.body FROM program AS x "+realmCondition, inRealms(s, realm)...))
}

// Groups lists groups by id.
func (x Identity) Groups(ctx context.Context, r tx.Read, s scope.Scope, realm id.Organisation) ([]identity.Group, error) {
	return sqlstore.Load[identity.Group](ctx, x.DB.Reader(r).Query("SELECT x.body FROM principal_group AS x "+realmCondition, inRealms(s, realm)...))
}

// SavePerson adds or replaces a person.
func (x Identity) SavePerson(ctx context.Context, t tx.Tx, p people.Person) error {
	text, err := sqlstore.Body(p)
	if err != nil {
		return err
	}
	row := personRow{ID: string(p.ID), Realm: string(p.Realm), Login: p.Login, Body: text}
	return sqlstore.Upsert(ctx, x.DB.Writer(t), row, "id", "login", "body")
}

// Program is a program by id.
func (x Identity) Program(ctx context.Context, r tx.Read, who id.Principal) (p programs.Program, err error) {
	list, err := sqlstore.Load[programs.Program](ctx, x.DB.Reader(r).Query("SELECT body FROM program WHERE id = ?", string(who)))
	if err == nil && len(list) == 0 {
		err = fault.New(fault.NotFound, "program_not_found", "no such program is known")
	}
	if err != nil {
		return p, err
	}
	return list[0], nil
}

// SaveProgram adds or replaces a program.
func (x Identity) SaveProgram(ctx context.Context, t tx.Tx, p programs.Program) error {
	text, err := sqlstore.Body(p)
	if err != nil {
		return err
	}
	return sqlstore.Upsert(ctx, x.DB.Writer(t), programRow{ID: string(p.ID), Realm: string(p.Realm), Body: text}, "id", "body")
}

// SaveGroup adds or replaces a group with its members.
func (x Identity) SaveGroup(ctx context.Context, t tx.Tx, g identity.Group) error {
	text, err := sqlstore.Body(g)
	if err != nil {
		return err
	}
	q := x.DB.Writer(t)
	if err := sqlstore.Upsert(ctx, q, groupRow{ID: string(g.ID), Realm: string(g.Realm), Body: text}, "id", "body"); err != nil {
		return err
	}
	if _, err := q.Exec(ctx, "DELETE FROM membership WHERE team = ?", string(g.ID)); err != nil {
		return err
	}
	for _, m := range g.Members {
		if _, err := q.Exec(ctx, "INSERT INTO membership (principal, team) VALUES (?, ?) ON CONFLICT DO NOTHING", string(m), string(g.ID)); err != nil {
			return err
		}
	}
	return nil
}

// GroupsOf lists the groups somebody is in, by id.
func (x Identity) GroupsOf(ctx context.Context, r tx.Read, who id.Principal) (list []id.Group, err error) {
	var texts []string
	err = x.DB.Reader(r).Query("SELECT team FROM membership WHERE principal = ? ORDER BY team", string(who)).All(ctx, &texts)
	for _, g := range texts {
		list = append(list, id.Group(g))
	}
	return list, err
}
