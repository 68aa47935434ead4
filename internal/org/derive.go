package org

import (
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// OrganisationID is the id an organisation has by its key.
func OrganisationID(key string) id.Organisation {
	return id.Organisation("org_" + id.Derive("organisation", key))
}

// EdgeID is the id an edge has by its ends and its first day: a later change of its end or terms is the same edge.
func EdgeID(seller, buyer id.Organisation, since period.Date) id.Edge {
	return id.Edge("edg_" + id.Derive("edge", string(seller), string(buyer), since.String()))
}
