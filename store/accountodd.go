package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
)

// oddSignInsRead bounds the failures that are looked at: the latest.
const oddSignInsRead = 5000

// OddSignIns returns what is unusual about the sign-ins of the last days: at the accounts whose communities all lie in scope and, in
// every community, at names that no account has.
func (s *Store) OddSignIns(ctx context.Context, scope core.Scope) (odd core.OddSignIns, err error) {
	whose, args := "t.account_id >= 0", []any{}
	if !scope.Whole() {
		whose, args = accountWhere(scope, AccountFilter{})
		whose = "t.account_id IN (SELECT id FROM account WHERE " + whose + ")"
	}
	since := int64(database.FirstID(s.Now().AddDate(0, 0, -core.OddSignInDays)))
	failures := `
		FROM (
			SELECT t.login_mac, t.account_id, t.network, t.at
			FROM sign_in_attempt t
			WHERE t.id >= ?
				AND t.succeeded = 0
				AND ` + whose + `
			ORDER BY t.id DESC
			LIMIT ?) f`
	failed := append(append([]any{since}, args...), oddSignInsRead)
	odd.Accounts, err = s.failedSignIns(ctx, `
		SELECT a.id AS account_id, a.name AS name, COUNT(*) AS n, 1 AS logins, MAX(f.at) AS last_at`+failures+`
		JOIN account a ON a.id = f.account_id
		GROUP BY a.id, a.name`, failed)
	if err == nil {
		odd.Addresses, err = s.failedSignIns(ctx, `
			SELECT 0 AS account_id, f.network AS name, COUNT(*) AS n, COUNT(DISTINCT f.login_mac) AS logins,
				MAX(f.at) AS last_at`+failures+`
			WHERE f.network NOT IN (SELECT network FROM sign_in_attempt WHERE id >= ? AND succeeded = 1)
			GROUP BY f.network`, append(failed, since))
	}
	if err == nil {
		odd.Devices, err = s.newDevices(ctx, whose, since, args)
	}
	return odd, database.Wrap("unusual sign-ins", err)
}

// failedSignIns reads the groups of failures that are unusually many.
func (s *Store) failedSignIns(ctx context.Context, groups string, args []any) (list []core.FailedSignIns, err error) {
	var rows []struct {
		Account core.ID         `db:"account_id"`
		Name    string          `db:"name"`
		N       int             `db:"n"`
		Logins  int             `db:"logins"`
		Last    database.Millis `db:"last_at"`
	}
	err = s.db.All(ctx, &rows, groups+`
		HAVING COUNT(*) >= ?
		ORDER BY n DESC, name
		LIMIT ?`, append(args[:len(args):len(args)], core.OddSignInFailures, core.OddSignInsShown)...)
	for _, r := range rows {
		list = append(list, core.FailedSignIns{Account: r.Account, Name: r.Name, N: r.N, Logins: r.Logins, Last: r.Last.Time})
	}
	return list, err
}

// newDevices reads the sign-ins from an unknown browser of which no earlier one of the account has the address and the User-Agent.
// The first sign-in of a new account is not counted.
func (s *Store) newDevices(ctx context.Context, whose string, since int64, args []any) (list []core.NewDevice, err error) {
	var rows []struct {
		Account core.ID         `db:"account_id"`
		Name    string          `db:"name"`
		At      database.Millis `db:"at"`
		Addr    string          `db:"addr"`
		Agent   string          `db:"agent"`
	}
	old := s.Now().Add(-KnownWindow) // the history goes back that far
	args = append(append([]any{since}, args...), old.UnixMilli(), core.OddSignInsShown)
	err = s.db.All(ctx, &rows, `
		SELECT t.account_id, a.name, t.at, t.addr, t.agent
		FROM sign_in_attempt t
		JOIN account a ON a.id = t.account_id
		WHERE t.id >= ?
			AND t.succeeded = 1
			AND t.known = 0
			AND `+whose+`
			AND (a.created_at < ? OR EXISTS (
				SELECT 1
				FROM sign_in_attempt e
				WHERE e.account_id = t.account_id
					AND e.succeeded = 1
					AND e.id < t.id))
			AND NOT EXISTS (
				SELECT 1
				FROM sign_in_attempt e
				WHERE e.account_id = t.account_id
					AND e.succeeded = 1
					AND e.id < t.id
					AND e.network = t.network
					AND e.agent = t.agent)
		ORDER BY t.id DESC
		LIMIT ?`, args...)
	for _, r := range rows {
		list = append(list, core.NewDevice{Account: r.Account, Name: r.Name, At: r.At.Time, Addr: r.Addr, Agent: r.Agent})
	}
	return list, err
}
