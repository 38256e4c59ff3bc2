package frame

import (
	"fmt"
	"strings"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// A person field is a text input that suggests residents while typing, with a hidden field for the
// person's id, which is kept in the URL. Without scripts the text is submitted: if it means exactly
// one person, that one is used, otherwise the page offers the candidates. Members of institutions are
// found by what is submitted.

// Names of the two fields.
const (
	PickText = "who"
	PickID   = "person"
)

// MaxPick is the maximum length of the text, in characters: name, phone number and house.
const MaxPick = 400

// PersonPick is the submitted values of the two fields and the person they mean.
type PersonPick struct {
	Person  core.ID
	Text    string              // as shown in the field
	Choices []core.ResidentPick // candidates for an ambiguous text
}

// StrangerText is shown for a person outside the account's communities who came to one of their
// doors.
const StrangerText = "未登记在您的小区"

// PickPerson reads the two fields: the text wins, unless it is the one shown for the id. If the
// text does not mean exactly one person, it returns an Invalid error with a message for the field,
// and Choices. community 0 means all of the account's.
func (f *Frame) PickPerson(c *web.Context, community, person core.ID, text string) (PersonPick, error) {
	pick := PersonPick{Person: person, Text: core.Clean(text)}
	sent := c.Request().URL.Query().Has(PickText)
	if !c.Has(core.PermResidentView) {
		if pick.Text != "" {
			return pick, core.Forbidden("您没有“" + core.PermResidentView.Name() + "”的权限")
		}
		return pick, nil
	}
	if person != 0 {
		shown, err := f.personText(c, community, person)
		if err != nil {
			return pick, err
		}
		if !sent || pick.Text == shown {
			pick.Text = shown
			return pick, nil
		}
	}
	if pick.Person = 0; pick.Text == "" {
		return pick, nil
	}
	found, more, err := f.Store.FindResidents(c.Ctx(), c.Scope(), community, pick.Text)
	if err != nil {
		return pick, err
	}
	if !more {
		members, err := f.memberPicks(c, community, pick.Text)
		if err != nil {
			return pick, err
		}
		found = append(found, members...)
		more = len(found) > core.ResidentPicks
		found = found[:min(len(found), core.ResidentPicks)]
	}
	if one, ok := core.OnePerson(pick.Text, found); ok {
		pick.Person = one
		return pick, nil
	}
	pick.Choices = found
	return pick, core.InvalidFields(map[string]string{PickText: pickText(len(found), more)})
}

// memberPicks returns the members of institutions whom a text may mean; none without the permission to see them.
func (f *Frame) memberPicks(c *web.Context, community core.ID, text string) ([]core.ResidentPick, error) {
	if !c.Has(core.PermInstitutionView) {
		return nil, nil
	}
	name, _, _ := strings.Cut(text, core.PickSeparator) // of a whole pick; OnePerson compares the rest
	members, _, err := f.Store.Members(c.Ctx(), c.Scope(), store.MemberFilter{
		Community: community, Keyword: name, Page: store.Page{Limit: core.ResidentPicks},
	})
	picks := make([]core.ResidentPick, len(members))
	for i, m := range members {
		picks[i] = m.Pick()
	}
	return picks, err
}

func pickText(n int, more bool) string {
	switch {
	case n == 0:
		return "没有找到这个人"
	case more:
		return fmt.Sprintf("符合的人超过 %d 位，请写得更具体，或选一位", core.ResidentPicks)
	}
	return fmt.Sprintf("有 %d 人符合，请选一位", n)
}

// personText returns the text that the field shows for an id.
func (f *Frame) personText(c *web.Context, community, person core.ID) (string, error) {
	shown, err := f.Store.PersonPick(c.Ctx(), c.Scope(), community, person)
	if core.IsNotFound(err) && c.Has(core.PermInstitutionView) {
		var m core.Member
		m, err = f.Store.MemberOfPerson(c.Ctx(), c.Scope(), person)
		shown = m.Pick()
	}
	if core.IsNotFound(err) {
		return StrangerText, nil
	}
	return shown.Text(), err
}

// Fields returns the picker; address returns the URL of the page with a person's id.
func (p PersonPick) Fields(label string, address func(person core.ID) string) []templates.Field {
	text := templates.Field{
		Name: PickText, Label: label, Value: p.Text, MaxLength: MaxPick, Wide: true, Autocomplete: "off",
		Placeholder: "姓名、手机后四位或房号", Suggest: ResidentPath + "/suggest", Picks: PickID,
	}
	for _, choice := range p.Choices {
		text.Offers = append(text.Offers, templates.Action{
			Label: choice.Title(), URL: address(choice.Person),
		})
	}
	id := templates.Field{Kind: templates.Hidden, Name: PickID}
	if p.Person != 0 {
		id.Value = p.Person.String()
	}
	return []templates.Field{text, id}
}
