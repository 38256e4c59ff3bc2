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
	Review    core.ID         `db:"review_id"`
	Applicant string          `db:"applicant"`
	OfPhone   string          `db:"of_phone"` // the applicant's
	OfIDNo    string          `db:"of_idno"`
	Resident  string          `db:"resident_name"`
	MovedOut  database.Millis `db:"moved_out_at"`
}

// certificationMatches compares applicants with who is registered in the house, as an approval would find them.
func certificationMatches(all readAll, ids []core.ID) (map[core.ID]core.ReviewMatch, error) {
	matches := map[core.ID]core.ReviewMatch{}
	for _, id := range ids {
		matches[id] = core.MatchOf("", core.Registered{})
	}
	err := database.EachPart(ids, func(part []core.ID) error {
		var rows []matchedRow // of who moved out, too
		err := all(&rows, `
			SELECT c.id AS review_id, r.name AS applicant, c.phone_mac AS of_phone, c.idno_mac AS of_idno, t.name AS resident_name,
				t.id, t.identity, t.name_fold, t.idno_mac, COALESCE(p.phone_mac, '') AS phone_mac, t.moved_out_at
			FROM certification c
			JOIN review r ON r.id = c.id
			JOIN resident t ON t.community_id = r.community_id AND t.house_id = c.house_id
			JOIN person p ON p.id = t.person_id
			WHERE c.id IN (`+database.Placeholders(len(part))+`)
			ORDER BY c.id, t.id`, database.IDArgs(part)...)
		for _, of := range byReview(rows) {
			matches[of[0].Review] = matchOf(of)
		}
		if err == nil {
			err = findTaken(all, part, matches)
		}
		if err == nil {
			err = findIDNumbers(all, part, matches)
		}
		return err
	})
	return matches, err
}

// findIDNumbers finds who of the community has the applicants' ID numbers under another name than an approval would certify: it would
// write the number once more.
func findIDNumbers(all readAll, ids []core.ID, matches map[core.ID]core.ReviewMatch) error {
	var rows []struct {
		Review    core.ID `db:"review_id"`
		Applicant string  `db:"applicant"`
		Name      string  `db:"name"`
		House     string  `db:"label"`
	}
	err := all(&rows, `
		SELECT c.id AS review_id, r.name AS applicant, t.name, h.label
		FROM certification c
		JOIN review r ON r.id = c.id
		JOIN resident t ON t.idno_mac = c.idno_mac AND t.community_id = r.community_id
		JOIN house h ON h.id = t.house_id
		WHERE c.id IN (`+database.Placeholders(len(ids))+`)
		AND c.idno_mac <> ''
		AND t.moved_out_at IS NULL
		ORDER BY c.id, t.id`, database.IDArgs(ids)...)
	for _, row := range rows {
		m := matches[row.Review]
		if m.IDName == "" && core.FoldName(row.Name) != core.FoldName(m.Certified(row.Applicant)) {
			m.Enough, m.IDName, m.IDHouse = false, row.Name, row.House
			matches[row.Review] = m
		}
	}
	return err
}

// findTaken finds who is certified by the applicants' numbers and has another name than an approval would certify, as numberIsFree
// and connection.free do. Who lives in another community is not told.
func findTaken(all readAll, ids []core.ID, matches map[core.ID]core.ReviewMatch) error {
	var rows []struct {
		Review    core.ID `db:"review_id"`
		Applicant string  `db:"applicant"`
		Resident  core.ID `db:"id"`
		Name      string  `db:"name"`
		House     string  `db:"label"`
		Here      bool    `db:"here"`
	}
	err := all(&rows, `
		SELECT c.id AS review_id, r.name AS applicant, t.id, t.name, h.label,
			CASE WHEN t.community_id = r.community_id THEN 1 ELSE 0 END AS here
		FROM certification c
		JOIN review r ON r.id = c.id
		JOIN person p ON p.phone_mac = c.phone_mac
		JOIN resident t ON t.person_id = p.id
		JOIN house h ON h.id = t.house_id
		WHERE c.id IN (`+database.Placeholders(len(ids))+`)
		AND t.moved_out_at IS NULL
		AND t.certified_at IS NOT NULL
		ORDER BY c.id, here, t.id`, database.IDArgs(ids)...)
	for _, row := range rows {
		m := matches[row.Review]
		if core.FoldName(row.Name) == core.FoldName(m.Certified(row.Applicant)) {
			continue
		}
		m.Enough, m.Taken = false, core.Taken{Is: true} // one of this community, whom the reviewer can look at, comes last
		if row.Here {
			m.Taken.Resident, m.Taken.Name, m.Taken.House = row.Resident, row.Name, row.House
		}
		matches[row.Review] = m
	}
	return err
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
	applicant := rows[0].Applicant
	var registered []registeredRow
	var live, left []matchedRow
	alike, namesakes := 0, 0
	is := applicantKeys{name: core.FoldName(applicant), phone: rows[0].OfPhone, idno: rows[0].OfIDNo}
	for _, row := range rows {
		if !row.MovedOut.IsZero() {
			left = append(left, row)
			continue
		}
		live, registered = append(live, row), append(registered, row.registeredRow)
		if core.NearlySameName(applicant, row.Resident) {
			alike++
		}
		if row.Name == is.name {
			namesakes++
		}
	}
	at, by := chooseRegistered(registered, is)
	if at < 0 {
		return matchLeft(core.MatchOf(applicant, core.Registered{Namesakes: namesakes}), left, is)
	}
	found := live[at]
	return core.MatchOf(applicant, core.Registered{
		By: by, Name: found.Resident, Alike: alike > 1, OtherIDNumber: is.idno != "" && found.IDNo != "" && is.idno != found.IDNo,
	})
}

// matchLeft adds who moved out of the house with the applicant's number: the applicant, as CreateResidents finds who comes back, or
// somebody else.
func matchLeft(m core.ReviewMatch, left []matchedRow, is applicantKeys) core.ReviewMatch {
	for _, row := range left {
		switch {
		case row.Phone != is.phone:
		case core.SamePerson(row.Applicant, is.idno, row.Resident, row.IDNo):
			return core.ReviewMatch{Words: "已迁出", Name: row.Resident, Back: true}
		case m.Left == "":
			m.Left = row.Resident
		}
	}
	return m
}

// needMatch refuses to approve from a list what the list does not show enough of, as the register is now.
func needMatch(tx *database.Tx, r core.Review) error {
	matches, err := certificationMatches(tx.All, []core.ID{r.ID})
	if err == nil && (r.Kind != core.ReviewCertification || !matches[r.ID].Enough) {
		err = core.Conflict("与登记核对不上，请打开申请单独审核")
	}
	return err
}
