package frame

import (
	"cmp"
	"slices"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// Band is a part of the home page, below what waits for the account.
type Band int

// The bands, in display order.
const (
	BandFirst Band = iota // what the account's role does first
	BandWrong             // what is wrong
	BandToday             // what happened today
)

// Card is a card of the home page. It is shown to accounts with the permission, and left out while it has
// nothing to show.
type Card struct {
	Name  string // unique
	Title string
	Band  Band
	Needs core.Permission

	// Show finds the card's figures within scope. A figure is the number of rows of the list that it
	// links to.
	Show func(c *web.Context, scope core.Scope) (CardBody, error)
}

// CardBody is what a card shows.
type CardBody struct {
	Note    string // beside the title
	Figures []templates.Figure
	Facts   []templates.Fact
	Chart   templates.Chart // zero = none
}

// Empty reports whether there is nothing to show.
func (b CardBody) Empty() bool { return len(b.Figures) == 0 && len(b.Facts) == 0 && b.Chart.ID == "" }

// HomeCard is a card as the home page shows it.
type HomeCard struct {
	Name, Title string
	Band        Band
	CardBody
	Failed bool // its figures cannot be found now
}

// SetCards sets the cards of all areas, in the order in which the home page shows them.
func (f *Frame) SetCards(cards []Card) { f.cards = cards }

// Cards returns the cards that the account may see, by band: those of core.RolePreset's Home are in the first. One that fails says so,
// and the others are as good.
func (f *Frame) Cards(c *web.Context) map[Band][]HomeCard {
	role, _ := c.Account().Role.Preset() // an unknown one has no order of its own
	first := func(card Card) int { return slices.Index(role.Home, card.Name) }
	cards := slices.Clone(f.cards)
	slices.SortStableFunc(cards, func(a, b Card) int { return cmp.Compare(first(a), first(b)) })
	shown := map[Band][]HomeCard{}
	for _, card := range cards {
		if !c.Has(card.Needs) {
			continue
		}
		home := HomeCard{Name: card.Name, Title: card.Title, Band: card.Band}
		if first(card) >= 0 {
			home.Band = BandFirst
		}
		body, err := card.Show(c, f.Scope(c))
		if err != nil {
			c.Shortfall("card "+card.Name, err)
			home.Failed = true
		}
		if home.CardBody = body; home.Failed || !body.Empty() {
			shown[home.Band] = append(shown[home.Band], home)
		}
	}
	return shown
}
