package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
)

// ReviewMatches returns what the register has of the subjects of some reviews in scope, by their ids.
func (s *Store) ReviewMatches(ctx context.Context, scope core.Scope, reviews []core.Review) (map[core.ID]core.ReviewMatch, error) {
	matches, err := certificationMatches(s.allOf(ctx), certificationsOf(scope, reviews))
	return matches, database.Wrap("compare with the register", err)
}

// ReviewHouses returns the houses that reviews of the scope are about, by the reviews' ids. A house may be gone.
func (s *Store) ReviewHouses(ctx context.Context, scope core.Scope, reviews []core.Review) (map[core.ID]core.ID, error) {
	houses := map[core.ID]core.ID{}
	err := database.EachPart(certificationsOf(scope, reviews), func(part []core.ID) error {
		var rows []struct {
			ID    core.ID `db:"id"`
			House core.ID `db:"house_id"`
		}
		err := s.db.All(ctx, &rows, `
			SELECT c.id, c.house_id
			FROM certification c
			JOIN house h ON h.id = c.house_id
			WHERE c.id IN (`+database.Placeholders(len(part))+")", database.IDArgs(part)...)
		for _, row := range rows {
			houses[row.ID] = row.House
		}
		return err
	})
	return houses, database.Wrap("read the houses of reviews", err)
}

// certificationsOf returns the ids of those of the reviews that are certifications in scope.
func certificationsOf(scope core.Scope, reviews []core.Review) []core.ID {
	var ids []core.ID
	for _, r := range reviews {
		if r.Kind == core.ReviewCertification && scope.Has(r.Community) {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// certificationMatches compares applicants with who is registered in the house: by the phone number, by the ID number, or by
// the name alone, of somebody without a number of their own, as an approval would find them.
func certificationMatches(all readAll, ids []core.ID) (map[core.ID]core.ReviewMatch, error) {
	best, names, alike := map[core.ID]core.Registered{}, map[core.ID]string{}, map[core.ID]int{}
	err := database.EachPart(ids, func(part []core.ID) error {
		var rows []struct {
			ID       core.ID `db:"id"`
			Name     string  `db:"name"`
			Phone    string  `db:"phone_mac"`
			IDNo     string  `db:"idno_mac"`
			Resident string  `db:"resident_name"`
			Fold     string  `db:"name_fold"`
			OwnPhone string  `db:"own_phone"` // of the registered person
			OwnIDNo  string  `db:"own_idno"`
		}
		err := all(&rows, `
			SELECT c.id, r.name, c.phone_mac, c.idno_mac, t.name AS resident_name, t.name_fold,
				COALESCE(p.phone_mac, '') AS own_phone, t.idno_mac AS own_idno
			FROM certification c
			JOIN review r ON r.id = c.id
			JOIN resident t ON t.community_id = r.community_id
				AND t.house_id = c.house_id
				AND t.moved_out_at IS NULL
			JOIN person p ON p.id = t.person_id
			WHERE c.id IN (`+database.Placeholders(len(part))+`)
			ORDER BY t.id`, database.IDArgs(part)...)
		for _, row := range rows {
			by := core.MatchedNothing
			sameName := row.Fold == core.FoldName(row.Name)
			switch {
			case row.OwnPhone == row.Phone:
				by = core.MatchedPhone
			case row.OwnPhone != "":
			case sameName && row.IDNo != "" && row.IDNo == row.OwnIDNo:
				by = core.MatchedIDNumber
			case sameName && (row.IDNo == "" || row.OwnIDNo == ""):
				by = core.MatchedName
			}
			names[row.ID] = row.Name
			if core.NearlySameName(row.Name, row.Resident) {
				alike[row.ID]++
			}
			named := by == best[row.ID].By && sameName && core.FoldName(best[row.ID].Name) != row.Fold
			if by > best[row.ID].By || named {
				best[row.ID] = core.Registered{
					By: by, Name: row.Resident, OtherIDNumber: row.IDNo != "" && row.OwnIDNo != "" && row.IDNo != row.OwnIDNo,
				}
			}
		}
		return err
	})
	matches := map[core.ID]core.ReviewMatch{}
	for _, id := range ids {
		found := best[id]
		found.Alike = alike[id] > 1
		matches[id] = core.MatchOf(names[id], found)
	}
	return matches, err
}

// needMatch refuses to approve from a list what the list does not show enough of, as the register is now.
func needMatch(tx *database.Tx, r core.Review) error {
	matches, err := certificationMatches(tx.All, []core.ID{r.ID})
	if err == nil && (r.Kind != core.ReviewCertification || !matches[r.ID].Enough) {
		err = core.Conflict("与登记核对不上，请打开申请单独审核")
	}
	return err
}
