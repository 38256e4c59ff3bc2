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
	if err == nil {
		err = s.housesVisited(ctx, scope, reviews, houses)
	}
	if err == nil {
		err = s.housesOfSlips(ctx, scope, reviews, houses)
	}
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

// matchedRow is an application with a resident of its house.
type matchedRow struct {
	registeredRow
	Review    core.ID `db:"review_id"`
	Applicant string  `db:"applicant"`
	OfPhone   string  `db:"of_phone"` // the applicant's
	OfIDNo    string  `db:"of_idno"`
	Resident  string  `db:"resident_name"`
}

// certificationMatches compares applicants with who is registered in the house, as an approval would find them.
func certificationMatches(all readAll, ids []core.ID) (map[core.ID]core.ReviewMatch, error) {
	matches := map[core.ID]core.ReviewMatch{}
	for _, id := range ids {
		matches[id] = core.MatchOf("", core.Registered{})
	}
	err := database.EachPart(ids, func(part []core.ID) error {
		var rows []matchedRow
		err := all(&rows, `
			SELECT c.id AS review_id, r.name AS applicant, c.phone_mac AS of_phone, c.idno_mac AS of_idno, t.name AS resident_name,
				t.id, t.identity, t.name_fold, t.idno_mac, COALESCE(p.phone_mac, '') AS phone_mac
			FROM certification c
			JOIN review r ON r.id = c.id
			JOIN resident t ON t.community_id = r.community_id
				AND t.house_id = c.house_id
				AND t.moved_out_at IS NULL
			JOIN person p ON p.id = t.person_id
			WHERE c.id IN (`+database.Placeholders(len(part))+`)
			ORDER BY c.id, t.id`, database.IDArgs(part)...)
		for _, of := range byReview(rows) {
			matches[of[0].Review] = matchOf(of)
		}
		return err
	})
	return matches, err
}

// byReview parts rows by their reviews.
func byReview(rows []matchedRow) [][]matchedRow {
	var parts [][]matchedRow
	for n, row := range rows {
		if n == 0 || row.Review != rows[n-1].Review {
			parts = append(parts, nil)
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], row)
	}
	return parts
}

// matchOf compares one applicant with the residents of the house.
func matchOf(rows []matchedRow) core.ReviewMatch {
	registered, alike, namesakes := make([]registeredRow, len(rows)), 0, 0
	is := applicantKeys{name: core.FoldName(rows[0].Applicant), phone: rows[0].OfPhone, idno: rows[0].OfIDNo}
	for n, row := range rows {
		registered[n] = row.registeredRow
		if core.NearlySameName(row.Applicant, row.Resident) {
			alike++
		}
		if row.Name == is.name {
			namesakes++
		}
	}
	at, by := chooseRegistered(registered, is)
	if at < 0 {
		return core.MatchOf(rows[0].Applicant, core.Registered{Namesakes: namesakes})
	}
	found := rows[at]
	return core.MatchOf(found.Applicant, core.Registered{
		By: by, Name: found.Resident, Alike: alike > 1, OtherIDNumber: is.idno != "" && found.IDNo != "" && is.idno != found.IDNo,
	})
}

// needMatch refuses to approve from a list what the list does not show enough of, as the register is now.
func needMatch(tx *database.Tx, r core.Review) error {
	matches, err := certificationMatches(tx.All, []core.ID{r.ID})
	if err == nil && (r.Kind != core.ReviewCertification || !matches[r.ID].Enough) {
		err = core.Conflict("与登记核对不上，请打开申请单独审核")
	}
	return err
}
