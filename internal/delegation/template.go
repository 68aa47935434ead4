package delegation

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// What the provider's deployment templates are written against.
const (
	templateSchema = "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#"
	nestedSchema   = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
	registrations  = "2022-10-01" // Microsoft.ManagedServices
	deployments    = "2021-04-01" // Microsoft.Resources
)

// The shapes of a template, as the provider spells them.
type (
	armTemplate struct {
		Schema         string        `json:"$schema"`
		ContentVersion string        `json:"contentVersion"`
		Parameters     any           `json:"parameters,omitempty"`
		Resources      []armResource `json:"resources"`
		Outputs        any           `json:"outputs,omitempty"`
	}
	armResource struct {
		Type          string   `json:"type"`
		APIVersion    string   `json:"apiVersion"`
		Name          string   `json:"name"`
		ResourceGroup string   `json:"resourceGroup,omitempty"`
		DependsOn     []string `json:"dependsOn,omitempty"`
		Properties    any      `json:"properties"`
	}
	armDefinition struct {
		RegistrationDefinitionName string             `json:"registrationDefinitionName"`
		Description                string             `json:"description,omitempty"`
		ManagedByTenantID          string             `json:"managedByTenantId"`
		Authorizations             []armAuthorization `json:"authorizations"`
		EligibleAuthorizations     []armEligible      `json:"eligibleAuthorizations,omitempty"`
	}
	armPrincipal struct {
		PrincipalID            string `json:"principalId"`
		PrincipalIDDisplayName string `json:"principalIdDisplayName"`
	}
	armAuthorization struct {
		armPrincipal
		RoleDefinitionID           RoleID   `json:"roleDefinitionId"`
		DelegatedRoleDefinitionIDs []RoleID `json:"delegatedRoleDefinitionIds,omitempty"`
	}
	armEligible struct {
		armPrincipal
		RoleDefinitionID       RoleID    `json:"roleDefinitionId"`
		JustInTimeAccessPolicy armPolicy `json:"justInTimeAccessPolicy"`
	}
	armPolicy struct {
		MultiFactorAuthProvider   string         `json:"multiFactorAuthProvider"`
		MaximumActivationDuration string         `json:"maximumActivationDuration"`
		ManagedByTenantApprovers  []armPrincipal `json:"managedByTenantApprovers,omitempty"`
	}
)

// Template is the deployment template with which the customer makes the registration in the provider's cloud, at a
// subscription or, when one is named, at a resource group of it. The tenant is the managing organisation's. Conflict
// when the tenant or a holder's object at the provider is not known.
func (d Definition) Template(tenant, resourceGroup string) ([]byte, error) {
	bad := fault.New(fault.Conflict, "objects_unknown",
		"the template names the managing tenant and its groups by the provider's ids, and some are not known; record them and ask again")
	if !isGUID(tenant) {
		bad.With("tenant", "the managing organisation's tenant must be a GUID")
	}
	body := armDefinition{RegistrationDefinitionName: literal(d.Name), Description: literal(d.Description), ManagedByTenantID: strings.ToLower(tenant)}
	principal := func(at string, h Holder) armPrincipal {
		if !isGUID(h.Object) {
			bad.With(at+".object", h.Name+" needs its object id in the managing tenant")
		}
		return armPrincipal{strings.ToLower(h.Object), literal(h.Name)}
	}
	for i, a := range d.Always {
		body.Authorizations = append(body.Authorizations,
			armAuthorization{principal(fmt.Sprintf("always[%d].holder", i), a.Holder), a.Role, a.Delegated})
	}
	for i, e := range d.Eligible {
		at := fmt.Sprintf("eligible[%d]", i)
		policy := armPolicy{MultiFactorAuthProvider: "None", MaximumActivationDuration: e.Policy.Longest}
		if e.Policy.MFA {
			policy.MultiFactorAuthProvider = "Azure"
		}
		for j, h := range e.Policy.Approvers {
			policy.ManagedByTenantApprovers = append(policy.ManagedByTenantApprovers, principal(fmt.Sprintf("%s.policy.approvers[%d]", at, j), h))
		}
		body.EligibleAuthorizations = append(body.EligibleAuthorizations, armEligible{principal(at+".holder", e.Holder), e.Role, policy})
	}
	if bad.Fields != nil {
		return nil, bad
	}
	return json.MarshalIndent(d.deployment(body, resourceGroup), "", "  ")
}

// deployment is the whole template: the definition, which always lies at the subscription, and its assignment.
func (d Definition) deployment(body armDefinition, resourceGroup string) armTemplate {
	name := guid("definition", string(d.ID))
	definition := "[subscriptionResourceId('Microsoft.ManagedServices/registrationDefinitions', '" + name + "')]"
	assignment := armResource{
		Type: "Microsoft.ManagedServices/registrationAssignments", APIVersion: registrations, Name: guid("assignment", string(d.ID), resourceGroup),
		Properties: map[string]string{"registrationDefinitionId": definition},
	}
	after := []string{definition}
	if resourceGroup == "" {
		assignment.DependsOn = after
	} else { // an assignment at a resource group is a deployment of its own, to that group
		assignment = armResource{
			Type: "Microsoft.Resources/deployments", APIVersion: deployments, Name: "registration-" + assignment.Name[:8],
			ResourceGroup: literal(resourceGroup), DependsOn: after,
			Properties: map[string]any{
				"mode":     "Incremental",
				"template": armTemplate{Schema: nestedSchema, ContentVersion: "1.0.0.0", Resources: []armResource{assignment}},
			},
		}
	}
	return armTemplate{
		Schema: templateSchema, ContentVersion: "1.0.0.0",
		Resources: []armResource{
			{Type: "Microsoft.ManagedServices/registrationDefinitions", APIVersion: registrations, Name: name, Properties: body},
			assignment,
		},
		Outputs: map[string]any{"registrationDefinitionId": map[string]string{"type": "string", "value": definition}},
	}
}

// literal keeps text in brackets from being read as an expression, which the provider would evaluate.
func literal(text string) string {
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		return "[" + text
	}
	return text
}

// guid is the GUID that follows from its parts alone, so that deploying twice is deploying once (RFC 9562, version 8).
func guid(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	b := sum[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range strings.ToLower(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && !strings.ContainsRune("0123456789abcdef", c) {
			return false
		}
	}
	return true
}
