package core

import "strings"

// ResidentPicks bounds how many residents a picker offers.
const ResidentPicks = 20

// ResidentPick is a resident as offered by a picker; the phone is masked.
type ResidentPick struct {
	Resident, Person ID
	Name, Phone      string
	House            string
	Community        ID
	CommunityName    string
	MovedOut         bool
}

// PickSeparator is between the parts of a pick.
const PickSeparator = " · "

// Text returns the resident as the text of an input field: "张三 · 138****0032 · 3栋2单元501".
func (p ResidentPick) Text() string {
	return p.Name + PickSeparator + p.Phone + PickSeparator + p.House
}

// Title returns the pick with its community, which a member of an institution has not.
func (p ResidentPick) Title() string {
	if p.CommunityName == "" {
		return p.Text()
	}
	return p.Text() + "（" + p.CommunityName + "）"
}

// SplitPick splits the text of a pick; ok is false for any other text.
func SplitPick(text string) (name, phone, house string, ok bool) {
	parts := strings.SplitN(text, PickSeparator, 3)
	if len(parts) != 3 {
		return "", "", "", false
	}
	return parts[0], parts[1], parts[2], true
}

// OnePerson returns the person a text means among those found: the one person whose pick or whose
// name it is, or the only one. ok is false if there is nobody, or several.
func OnePerson(text string, found []ResidentPick) (person ID, ok bool) {
	for _, fits := range []func(p ResidentPick) bool{
		func(p ResidentPick) bool { return p.Text() == text },
		func(p ResidentPick) bool { return p.Name == text },
		func(ResidentPick) bool { return true },
	} {
		person, ok = 0, false
		for _, p := range found {
			if !fits(p) || p.Person == person {
				continue
			}
			if person != 0 {
				return 0, false
			}
			person, ok = p.Person, true
		}
		if ok {
			return person, true
		}
	}
	return 0, false
}
