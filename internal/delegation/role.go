package delegation

import (
	"embed"
	"strings"
)

// RoleID is the provider's id of a built-in role: a GUID in small letters.
type RoleID string

// The roles that rules name.
const (
	GlobalAdministrator  RoleID = "62e90394-69f5-4237-9190-012177145e10" // of the directory
	Owner                RoleID = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	Contributor          RoleID = "b24988ac-6180-42a0-ab88-20f7382dd24c"
	Reader               RoleID = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
	UserAccess           RoleID = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9" // User Access Administrator
	SupportRequests      RoleID = "cfd33db0-3dd1-45e3-aa9d-cdbdf3b6f24e" // Support Request Contributor
	CostManagement       RoleID = "434105ed-43f6-45c7-a02f-909b2ba83430" // Cost Management Contributor
	RegistrationDeletion RoleID = "91c1777a-f3dc-4fae-b103-61d183457e46" // lets the managing side leave by itself
)

// Role is a built-in role of the provider.
type Role struct {
	ID        RoleID `json:"id"`
	Name      string `json:"name"`
	Directory bool   `json:"directory,omitempty"` // a role in the customer's directory; otherwise one over resources
	Earns     bool   `json:"earns,omitempty"`     // partner earned credit
	Data      bool   `json:"data,omitempty"`      // reaches into data: such roles cannot be delegated
	Reads     bool   `json:"reads,omitempty"`     // sees every resource, as Reader does
}

// tables are the provider's, as names and figures. roles.csv: resource roles, whether they earn credit (2023-10), whether
// they have data actions, whether they read every resource. directory.csv: directory roles.
//
//go:embed roles.csv directory.csv
var tables embed.FS

// Roles are the built-in roles there are. A role that is not among them is a custom one.
type Roles map[RoleID]Role

// BuiltIn reads the tables of built-in roles.
func BuiltIn() Roles {
	all := Roles{}
	for _, f := range table("roles.csv") {
		all[RoleID(f[1])] = Role{ID: RoleID(f[1]), Name: f[0], Earns: f[2] == "yes", Data: f[3] == "yes", Reads: f[4] == "yes"}
	}
	for _, f := range table("directory.csv") {
		all[RoleID(f[1])] = Role{ID: RoleID(f[1]), Name: f[0], Directory: true}
	}
	return all
}

// table is the lines of a file after its first; none of the fields holds a comma.
func table(name string) (rows [][]string) {
	text, err := tables.ReadFile(name)
	if err != nil {
		panic("delegation: " + err.Error()) // it is in the program
	}
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if i > 0 {
			rows = append(rows, strings.Split(line, ","))
		}
	}
	return rows
}

// Find is the role of this id or name, of the directory or over resources. Letters may be of either case.
func (all Roles) Find(word string, directory bool) (Role, bool) {
	if r, ok := all[RoleID(strings.ToLower(word))]; ok && r.Directory == directory {
		return r, true
	}
	for _, r := range all {
		if r.Directory == directory && strings.EqualFold(r.Name, word) {
			return r, true
		}
	}
	return Role{}, false
}

// Name is what people call the role; its id when it is not a built-in one.
func (all Roles) Name(r RoleID) string {
	if known, ok := all[r]; ok {
		return known.Name
	}
	return string(r)
}
