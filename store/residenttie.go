package store

import (
	"tongxing/core"
	"tongxing/store/database"
)

type tieRow struct {
	ID       core.ID         `db:"id"`
	House    core.ID         `db:"house_id"`
	Person   core.ID         `db:"person_id"`
	Name     string          `db:"name"`
	IDNumber string          `db:"idno_mac"`
	Apart    bool            `db:"apart"` // a person without a phone number of their own
	MovedOut database.Millis `db:"moved_out_at"`
}

// ties are those of the houses.
type ties map[core.ID][]tieRow

// find returns the tie of a resident to the house: of the same person, or, without a phone number of
// their own, of the same one without.
func (t ties) find(keys database.Keyring, r core.Resident) (tieRow, bool) {
	for _, row := range t[r.House] {
		if r.Person != 0 && row.Person == r.Person || r.Person == 0 && row.Apart &&
			core.SamePerson(r.Name, keys.Digest("idno", r.IDNumber), row.Name, row.IDNumber) {
			return row, true
		}
	}
	return tieRow{}, false
}

// livesThere is the conflict with somebody who is registered in the house.
func livesThere(r core.Resident, house string) error {
	if r.OwnPhone() != "" {
		return core.InvalidFields(map[string]string{
			"phone": "该手机号已登记在 " + house + "；如是家人共用，请选“家人共用号码”",
		})
	}
	return core.InvalidFields(map[string]string{
		"name": "“" + r.Name + "”已登记在 " + house + "，没有本人手机号；如是同名的另一人，请填写两人的证件号",
	})
}
