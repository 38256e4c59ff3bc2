package store

import (
	"time"

	"tongxing/core"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// hostNote is what the resident who is visited is told of a visit; without a tie, everybody certified in the house is.
type hostNote struct {
	community, tie, house, visit core.ID
	title                        string
	at                           time.Time // when it happened
}

// hostUser is a WeChat user who is a host by a tie.
type hostUser struct {
	ID    core.ID `db:"id"`
	Tie   core.ID `db:"tie"`
	House core.ID `db:"house_id"`
}

// tellHosts tells the hosts who still live there on a day, in whichever WeChat is theirs.
func tellHosts(tx *database.Tx, today core.Day, notes []hostNote) error {
	var ties, houses []core.ID
	for _, n := range notes {
		if n.tie != 0 {
			ties = append(ties, n.tie)
		} else if n.house != 0 {
			houses = append(houses, n.house)
		}
	}
	byTie, err := hostUsers(tx, today, "t.id", ties)
	if err != nil {
		return err
	}
	byHouse, err := hostUsers(tx, today, "t.certified_at IS NOT NULL AND t.house_id", houses)
	if err != nil {
		return err
	}
	var messages []core.MessageNote
	tell := func(n hostNote, user core.ID) {
		messages = append(messages, core.MessageNote{
			Kind: core.MessageVisitor, Community: n.community, User: user, Title: n.title, Link: visitorPassLink(n.visit), At: n.at,
		})
	}
	for _, n := range notes {
		for _, user := range byTie {
			if n.tie != 0 && user.Tie == n.tie {
				tell(n, user.ID)
			}
		}
		for _, user := range byHouse {
			if n.tie == 0 && user.House == n.house {
				tell(n, user.ID)
			}
		}
	}
	return outbox.Put(tx, messages...)
}

// visitorPassLink is the page of a visit as its host sees it.
func visitorPassLink(visit core.ID) string { return "visitorpass/" + visit.String() }

// hostUsers returns the WeChat users of residents who live where a column says on a day: a tenant until the lease is over.
func hostUsers(tx *database.Tx, today core.Day, column string, ids []core.ID) (users []hostUser, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	err = tx.All(&users, `
		SELECT u.id, t.id AS tie, t.house_id
		FROM resident t
		JOIN wechat_user u ON u.person_id = t.person_id AND u.name_fold = t.name_fold
		WHERE `+column+" IN ("+database.Placeholders(len(ids))+`)
		AND t.moved_out_at IS NULL
		AND (t.lease_day = 0 OR t.lease_day >= ?)
		AND u.merged_into = 0
		ORDER BY u.id`, append(database.IDArgs(ids), int32(today))...)
	return users, err
}

// visitingHost is a host of a visit: a resident who lives there.
type visitingHost struct {
	Resident  core.ID `db:"id"`
	Name      string  `db:"name"`
	Certified bool    `db:"certified"`
}

// hostOfVisit returns who of its house a WeChat user is; another's visit is NotFound.
func hostOfVisit(tx *database.Tx, today core.Day, user, visit core.ID) (visitingHost, error) {
	var host visitingHost
	err := tx.Get(&host, `
		SELECT t.id, t.name, CASE WHEN t.certified_at IS NULL THEN 0 ELSE 1 END AS certified
		FROM visitor_pass v
		JOIN wechat_user u ON u.id = ? AND u.merged_into = 0
		JOIN resident t ON t.person_id = u.person_id AND t.name_fold = u.name_fold
			AND (t.id = v.resident_id OR v.resident_id = 0 AND t.house_id = v.house_id AND t.certified_at IS NOT NULL)
		WHERE v.id = ?
		AND u.person_id <> 0
		AND t.moved_out_at IS NULL
		AND (t.lease_day = 0 OR t.lease_day >= ?)
		ORDER BY t.id
		LIMIT 1`, int64(user), int64(visit), int32(today))
	return host, database.NotFoundIfNoRows(err, noVisit)
}

// lockVisit reads a visit of the scope, locked.
func lockVisit(tx *database.Tx, scope core.Scope, id core.ID) (core.VisitorPass, error) {
	where, args := database.ScopeWhere(scope, "v.community_id")
	var locked core.ID
	if err := tx.Get(&locked, "SELECT v.id FROM visitor_pass v WHERE v.id = ? AND "+where+tx.Dialect().ForUpdate(),
		append([]any{int64(id)}, args...)...); err != nil {
		return core.VisitorPass{}, database.NotFoundIfNoRows(err, noVisit)
	}
	var row visitorPassRow
	err := tx.Get(&row, visitorPassColumns+"v.id = ?", int64(id))
	return row.visit(tx.Reveal), err
}
