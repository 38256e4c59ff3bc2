package access

import (
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
)

// restrictionVerb is what a button of the preview does.
type restrictionVerb string

// The verbs.
const (
	pickSearch restrictionVerb = "search" // shows the houses that the keyword finds
	pickPaste  restrictionVerb = "paste"  // reads the list and ticks its houses
	pickOpen   restrictionVerb = "open"   // shows the houses of a node; node 0: of none
	pickAll    restrictionVerb = "all"    // ticks the houses of a node; without one, those found
	pickNone   restrictionVerb = "none"   // unticks the houses of a node
)

// restrictionAct is what a button of the preview asks for; the zero value only shows the
// form again.
type restrictionAct struct {
	Verb restrictionVerb
	Node core.ID
}

// String returns the act as a button's value.
func (a restrictionAct) String() string {
	if a.Node == 0 && a.Verb != pickOpen {
		return string(a.Verb)
	}
	return string(a.Verb) + "-" + a.Node.String()
}

// parseRestrictionAct reads a button's value; the zero act for one that no button has.
func parseRestrictionAct(text string) restrictionAct {
	verb, rest, _ := strings.Cut(text, "-")
	act := restrictionAct{Verb: restrictionVerb(verb)}
	switch act.Verb {
	case pickOpen, pickAll, pickNone:
		act.Node, _ = core.ParseID(rest) // 0 if it is not an id
	case pickSearch, pickPaste:
	default:
		return restrictionAct{}
	}
	if act.String() != text || act.Verb == pickNone && act.Node == 0 {
		return restrictionAct{}
	}
	return act
}

// housesFound is the maximum number of results of a house search: enough for a building.
const housesFound = 200

// restrictionPick does what a button of the preview asks for, and reads a list file. What
// is wrong with the file is put in Wrong.
func (p *Pages) restrictionPick(c *web.Context, f *restrictionFacts) error {
	if frame.Redrawn(c) { // of another community: its houses are others, and a list may mean them
		f.Form.Houses, f.Form.Node, f.Form.Reviewed = nil, 0, ""
	}
	if f.At.ID == 0 {
		return nil
	}
	act := parseRestrictionAct(f.Form.Act)
	if act.Node != 0 || act.Verb == pickOpen {
		f.Form.Node, f.Form.Keyword = act.Node, ""
	}
	var err error
	switch act.Verb {
	case pickAll:
		err = p.tickFound(c, f)
	case pickNone:
		err = p.untickBelow(c, &f.Form)
	}
	if err != nil {
		return err
	}
	read, err := readRestrictionFile(c, f)
	if err == nil && (read || act.Verb == pickPaste) {
		err = p.tickList(c, f)
	}
	if web.FieldsOf(err) != nil {
		f.Wrong, err = err, nil
	}
	return err
}

// tickFound ticks what the search finds.
func (p *Pages) tickFound(c *web.Context, f *restrictionFacts) error {
	found, more, err := p.findHouses(c, *f, store.MaxRestriction)
	if err != nil {
		return err
	}
	f.Full = more
	for _, house := range found {
		if !slices.Contains(f.Form.Houses, house.ID) {
			f.Form.Houses = append(f.Form.Houses, house.ID)
		}
	}
	if len(f.Form.Houses) > store.MaxRestriction {
		f.Form.Houses, f.Full = f.Form.Houses[:store.MaxRestriction], true
	}
	return nil
}

// untickBelow unticks the houses below the form's node.
func (p *Pages) untickBelow(c *web.Context, form *restrictionForm) error {
	ticked, err := p.Store.HousesByID(c.Ctx(), c.Scope(), form.Houses)
	if err != nil {
		return err
	}
	form.Houses = nil
	for _, house := range ticked {
		if !strings.Contains(house.Path, "/"+form.Node.String()+"/") {
			form.Houses = append(form.Houses, house.ID)
		}
	}
	return nil
}

// tickList reads the pasted list, and ticks the houses of the lines that mean exactly one.
func (p *Pages) tickList(c *web.Context, f *restrictionFacts) error {
	matches, err := p.Store.MatchHouses(c.Ctx(), c.Scope(), f.At.ID, f.Form.Pasted)
	if err != nil {
		return err
	}
	f.Matches, f.Form.Reviewed = matches, listDigest(f.Form.Pasted)
	for _, match := range matches {
		if len(match.Houses) == 1 && !slices.Contains(f.Form.Houses, match.Houses[0].ID) {
			f.Form.Houses = append(f.Form.Houses, match.Houses[0].ID)
		}
	}
	return nil
}

// restrictionHouses reads the houses to tick, the tree to find them by, and which of them
// are restricted.
func (p *Pages) restrictionHouses(c *web.Context, f *restrictionFacts) error {
	if f.At.ID == 0 {
		return nil
	}
	var err error
	if f.Ticked, err = p.Store.HousesByID(c.Ctx(), c.Scope(), f.Form.Houses); err != nil {
		return err
	}
	if f.Nodes, err = p.Store.BuildingTree(c.Ctx(), c.Scope(), f.At.ID); err != nil {
		return err
	}
	if f.Form.Keyword != "" || f.Form.Node != 0 || len(f.Nodes) == 0 {
		if f.Found, f.More, err = p.findHouses(c, *f, housesFound); err != nil {
			return err
		}
	}
	ids := make([]core.ID, 0, len(f.Ticked)+len(f.Found))
	for _, house := range f.Ticked {
		ids = append(ids, house.ID)
	}
	for _, house := range f.Found {
		ids = append(ids, house.ID)
	}
	f.Held, err = p.Store.RestrictionsOf(c.Ctx(), c.Scope(), ids)
	return err
}

// findHouses finds houses by a part of their label, below the form's node.
func (p *Pages) findHouses(c *web.Context, f restrictionFacts, limit int) ([]store.HouseRow, bool, error) {
	return p.Store.Houses(c.Ctx(), c.Scope(), store.HouseFilter{
		Community: f.At.ID, Node: f.Form.Node, Keyword: f.Form.Keyword, Page: store.Page{Limit: limit},
	})
}
