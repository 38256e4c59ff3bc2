package frame

import (
	"fmt"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// A field that asks for a person is a text that suggests residents while it is typed,
// beside a hidden field with the person's id, which the address keeps. Without scripts
// the text is sent as it is: one that means one person is taken, else the page offers
// whom it may mean.

// Names of the two fields.
const (
	PickText = "who"
	PickID   = "person"
)

// MaxPick bounds the text, in characters: name, phone and house.
const MaxPick = 400

// PersonPick is what the two fields sent, and what it was taken for.
type PersonPick struct {
	Person  core.ID
	Text    string              // as the field shows it
	Choices []core.ResidentPick // whom a text may mean that does not mean one
}

// StrangerText stands for a person who is not of the account's communities, but came
// to one of their doors.
const StrangerText = "未登记在您的小区"

// PickPerson reads the two fields: the text has the last word, but for the one that the
// field showed with the id. A text that does not mean one person is an invalid error
// with a message for the field, and Choices. community 0 is all of the account's.
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
	if one, ok := core.OnePerson(pick.Text, found); ok {
		pick.Person = one
		return pick, nil
	}
	pick.Choices = found
	return pick, core.InvalidFields(map[string]string{PickText: pickText(len(found), more)})
}

func pickText(n int, more bool) string {
	switch {
	case n == 0:
		return "没有找到这位住户"
	case more:
		return fmt.Sprintf("符合的住户超过 %d 位，请写得更具体，或选一位", core.ResidentPicks)
	}
	return fmt.Sprintf("有 %d 位住户符合，请选一位", n)
}

// personText is what the field shows for an id.
func (f *Frame) personText(c *web.Context, community, person core.ID) (string, error) {
	shown, err := f.Store.PersonPick(c.Ctx(), c.Scope(), community, person)
	if core.IsNotFound(err) {
		return StrangerText, nil
	}
	return shown.Text(), err
}

// Fields are the picker; address gives the page with a person's id.
func (p PersonPick) Fields(label string, address func(person core.ID) string) []templates.Field {
	text := templates.Field{
		Name: PickText, Label: label, Value: p.Text, MaxLength: MaxPick, Wide: true, Autocomplete: "off",
		Placeholder: "姓名、手机后四位或房号", Suggest: ResidentPath + "/suggest", Picks: PickID,
	}
	for _, choice := range p.Choices {
		text.Offers = append(text.Offers, templates.Action{
			Label: choice.Text() + "（" + choice.CommunityName + "）", URL: address(choice.Person),
		})
	}
	id := templates.Field{Kind: templates.Hidden, Name: PickID}
	if p.Person != 0 {
		id.Value = p.Person.String()
	}
	return []templates.Field{text, id}
}
