package main

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/access"
	peopleapi "github.com/purveyor-csp/purveyor/internal/api/native/people"
	"github.com/purveyor-csp/purveyor/internal/id"
)

// TestManagingPeopleGivesNoFurtherRights: a custom role that may only manage people cannot reset a global admin,
// create a secret of a program with more rights, join a group with more rights, or change where everybody signs in.
// It can manage people, programs and groups that have no more rights than itself.
func TestManagingPeopleGivesNoFurtherRights(t *testing.T) {
	sequential(t)
	s := newStaffScenario(t)
	var role access.Role
	s.want(200, &role, http.MethodPost, "/roles", asJSON, `{"name":"user admin","realm":"customer","owner":"c0001","actions":["identity.read","identity.change"]}`)
	s.at("una", "c0001", role.ID, "@c0001")
	s.at("plain", "c0001", access.CustomerBilling, "@c0001")
	s.at("second", "c0001", access.CustomerGlobalAdmin, "@c0001")
	s.as("")
	s.want(200, nil, http.MethodPost, "/role-assignments", asJSON, fmt.Sprintf(`{"principal":%q,"realm":"c0001","role":%q,"scope":"@c0001"}`, s.people["una"], access.CustomerBilling))
	give := func(subject string, who any, role id.Role) {
		s.as("")
		s.want(200, nil, http.MethodPost, "/role-assignments", asJSON, fmt.Sprintf(`{%q:%q,"realm":"c0001","role":%q,"scope":"@c0001"}`, subject, who, role))
	}
	var robot peopleapi.Program
	var admins, readers peopleapi.Group
	s.as("c0001")
	s.want(200, &robot, http.MethodPost, "/programs", asJSON, `{"realm":"c0001","name":"robot"}`)
	s.want(200, &admins, http.MethodPost, "/groups", asJSON, `{"realm":"c0001","name":"admins"}`)
	s.want(200, &readers, http.MethodPost, "/groups", asJSON, `{"realm":"c0001","name":"readers"}`)
	give("principal", robot.ID, access.CustomerGlobalAdmin)
	give("group", admins.ID, access.CustomerGlobalAdmin)
	give("group", readers.ID, access.CustomerBilling)

	members := fmt.Sprintf(`{"members":[%q]}`, s.people["una"])
	federation := `{"issuer":"https://mine.example","client_id":"x","domains":["c0001.example"],"create":true}`
	for _, c := range []struct{ method, path, body string }{
		{http.MethodPost, "/people/" + string(s.people["second"]) + "/reset", "{}"},
		{http.MethodPost, "/programs/" + string(robot.ID) + "/secrets", `{"days":1}`},
		{http.MethodPut, "/groups/" + string(admins.ID) + "/members", members},
		{http.MethodPut, "/federations/c0001", federation},
	} {
		s.as("una")
		s.want(403, nil, c.method, c.path, asJSON, c.body)
	}
	s.want(200, nil, http.MethodPut, "/groups/"+string(readers.ID)+"/members", asJSON, members)
	s.want(200, nil, http.MethodPost, "/people/"+string(s.people["plain"])+"/reset", asJSON, "{}")
	s.as("c0001")
	s.want(200, nil, http.MethodPut, "/groups/"+string(admins.ID)+"/members", asJSON, members)
	s.want(200, nil, http.MethodPost, "/programs/"+string(robot.ID)+"/secrets", asJSON, `{"days":1}`)
	s.want(200, nil, http.MethodPost, "/people/"+string(s.people["second"])+"/reset", asJSON, "{}")
}
