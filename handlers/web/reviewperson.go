package web

import (
	"tongxing/core"
	"tongxing/store"
	"tongxing/templates"
)

// peopleShown is how many residents of the house a reviewer sees.
const peopleShown = 20

// PeopleOfHouse returns the residents of the house that is applied for, to compare, each with the address of its page
// unless url is nil; nil if the account may not see them.
func (c *Context) PeopleOfHouse(
	s *store.Store, community, house core.ID, url func(resident core.ID) string,
) ([]templates.ReviewPerson, error) {
	if !c.Has(core.PermResidentView) {
		return nil, nil
	}
	rows, _, err := s.Residents(c.Ctx(), c.Scope(), store.ResidentFilter{
		Community: community, House: house, Page: store.Page{Limit: peopleShown},
	})
	people := make([]templates.ReviewPerson, len(rows))
	for i, row := range rows {
		people[i] = templates.ReviewPerson{
			Name: row.Name, Identity: row.Identity.Label(), Phone: row.PhoneText(), State: CertifiedBadge(row.Resident),
		}
		if url != nil {
			people[i].URL = url(row.ID)
		}
	}
	return people, err
}

// CertifiedBadge tells a person who compares or looks after residents whether one is certified. To the office it is a
// thing to do: its lists have a badge of their own.
func CertifiedBadge(r core.Resident) templates.Badge {
	if r.Certified.IsZero() {
		return templates.Badge{Tone: templates.Neutral, Text: "未认证"}
	}
	return templates.Badge{Tone: templates.Good, Text: "已认证"}
}
