package store

import (
	"slices"

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

// find returns the tie of a resident to the house: of who lives there with the number, or of the same one who moved out; without a
// phone number of their own, of the same one without.
func (t ties) find(keys database.Keyring, r core.Resident) (tieRow, bool) {
	for _, row := range t[r.House] {
		mayBe := r.Person != 0 && row.Person == r.Person || r.Person == 0 && row.Apart
		if mayBe && (r.Person != 0 && row.MovedOut.IsZero() || row.same(keys, r)) {
			return row, true
		}
	}
	return tieRow{}, false
}

// same reports whether the tie is that of a resident: the number alone may be somebody else's by now.
func (row tieRow) same(keys database.Keyring, r core.Resident) bool {
	return core.SamePerson(r.Name, keys.Digest("idno", r.IDNumber), row.Name, row.IDNumber)
}

// namesake reports whether somebody of a resident's name lives in the house who may be the same person, or
// another: all that tells is their ID numbers, if both are known.
func (t ties) namesake(keys database.Keyring, r core.Resident) bool {
	idNumber := keys.Digest("idno", r.IDNumber)
	return slices.ContainsFunc(t[r.House], func(row tieRow) bool {
		return row.MovedOut.IsZero() && core.FoldName(row.Name) == core.FoldName(r.Name) &&
			(idNumber == "" || row.IDNumber == "")
	})
}

// withoutNamesakes returns the ties without those that are a resident's by the name alone.
func (t ties) withoutNamesakes(keys database.Keyring, r core.Resident) ties {
	idNumber := keys.Digest("idno", r.IDNumber)
	rows := slices.DeleteFunc(slices.Clone(t[r.House]), func(row tieRow) bool {
		return row.MovedOut.IsZero() && row.Apart && (idNumber == "" || row.IDNumber != idNumber)
	})
	return ties{r.House: rows}
}

// livesThere is the conflict with somebody who is registered in the house. An owner who adds somebody has no switch for the
// family's number on their form: they are told what they can do.
func livesThere(r core.Resident, house string, owner bool) error {
	switch {
	case r.OwnPhone() == "":
		return core.InvalidFields(map[string]string{
			"name": "“" + r.Name + "”已登记在 " + house + "，没有本人手机号；如是同名的另一人，请填写两人的证件号",
		})
	case owner:
		return core.InvalidFields(map[string]string{
			"phone": "该手机号已登记在 " + house + "，是本人的不用再添加；没有自己手机的家属请不填手机，带本人到物业现场核验",
		})
	}
	return core.InvalidFields(map[string]string{
		"phone": "该手机号已登记在 " + house + "；如是家人共用，请选“家人共用号码”",
	})
}
