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

// ReviewMatch is what the register has of a review's applicant, in the words of who reviews.
type ReviewMatch struct {
	core.ReviewMatch
	whole  bool // its reader sees names whole
	owners bool // its reader is an owner of the house
}

// ReviewMatch compares a review of the scope with the register, for the account.
func (c *Context) ReviewMatch(s *store.Store, scope core.Scope, r core.Review) (ReviewMatch, error) {
	matches, err := s.ReviewMatches(c.Ctx(), scope, []core.Review{r})
	return ReviewMatch{matches[r.ID], c.Has(core.PermResidentView), false}, err
}

// OwnersMatch is ReviewMatch for an owner of the house, who sees by name who lives there, and nothing of others.
func (c *Context) OwnersMatch(s *store.Store, r core.Review) (ReviewMatch, error) {
	matches, err := s.ReviewMatches(c.Ctx(), core.ScopeOf(r.Community), []core.Review{r})
	match := matches[r.ID]
	match.Left, match.IDName, match.IDHouse = "", "", ""
	return ReviewMatch{match, true, true}, err
}

// ToOffice reports whether an owner's approval only leaves the application to the office.
func (m ReviewMatch) ToOffice() bool { return m.owners && m.Taken.Is }

// Before returns in words what an approval of the review does, and what of it must be a warning.
func (m ReviewMatch) Before(r core.Review) (warning, effect string) {
	effect = r.Kind.Type().Effect
	switch {
	case m.Words == "": // nothing is compared
		return "", effect
	case m.ToOffice():
		return "", core.TakenToOwners
	case m.Doubtful():
		return m.Effect(r.Name, m.whole), effect
	}
	return "", m.Effect(r.Name, m.whole) + effect
}

// Refused returns to the office why an approval would be refused; "" = it would not.
func (m ReviewMatch) Refused() string { return m.Taken.Text(m.whole) }

// After returns in words what became of a review that was decided.
func (m ReviewMatch) After(r core.Review) string {
	words := r.Name + "的申请已审核：" + r.State.Label()
	if r.State == core.ReviewApproved && m.Other {
		words += "，认证的是登记的" + m.Shown(m.whole)
	}
	return words + "，" + core.ToldText(r.Applicant) + "。"
}

// CertifiedBadge tells a person who compares or looks after residents whether one is certified. To the office it is a
// thing to do: its lists have a badge of their own.
func CertifiedBadge(r core.Resident) templates.Badge {
	if r.Certified.IsZero() {
		return templates.Badge{Tone: templates.Neutral, Text: "未认证"}
	}
	return templates.Badge{Tone: templates.Good, Text: "已认证"}
}

// BarredText returns to a reviewer why a visitor cannot be approved: the reason of the blacklist; "" = they can.
func BarredText(reason string) string {
	if reason == "" {
		return ""
	}
	return "访客在黑名单上，不能通过：" + reason
}
