package store

import (
	"context"
	"fmt"

	"tongxing/core"
	"tongxing/store/database"
)

// urgentReviewed is within what time an urgent release is to be reviewed.
const urgentReviewed = aDay

func urgentReminder(n int) string {
	return fmt.Sprintf("%d 次紧急放行超过一天没有复核，请尽快处理", n)
}

// RemindUrgent reminds those who may handle alerts, once, of urgent releases that nobody has reviewed within a day. All of a community
// are one notice.
func (s *Store) RemindUrgent(ctx context.Context) error {
	return s.db.Write(ctx, "remind of urgent releases", func(tx *database.Tx) error {
		var late []struct {
			Community core.ID `db:"community_id"`
			N         int     `db:"n"`
		}
		before := tx.Now().Add(-urgentReviewed).UnixMilli()
		const open = "kind = 'urgent' AND handled_at IS NULL AND reminded_at IS NULL AND first_at < ?"
		if err := tx.All(&late, "SELECT community_id, COUNT(*) AS n FROM access_alert WHERE "+open+
			" GROUP BY community_id ORDER BY community_id", before); err != nil {
			return err
		}
		for _, of := range late {
			n, err := tx.Exec("UPDATE access_alert SET reminded_at = ? WHERE community_id = ? AND "+open,
				tx.NowMS(), int64(of.Community), before)
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			if err := notifyAll(tx, core.NoticeAudience{Community: of.Community, Needs: core.PermAccessAlertHandle}, core.Notice{
				Stem: "accessalert", Title: urgentReminder(int(n)), Link: "accessalert?kind=urgent",
			}, core.MessageAccessAlert); err != nil {
				return err
			}
		}
		return nil
	})
}
