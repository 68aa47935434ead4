package call

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	backupapi "github.com/purveyor-csp/purveyor/internal/api/native/backup"
	"github.com/purveyor-csp/purveyor/internal/backup"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// BackupOrder says where a backup is made: folders by their full paths.
type BackupOrder = backupapi.Order

// Backup has the server make a backup, and follows it until it is known what came of it.
func (c *Client) Backup(ctx context.Context, order BackupOrder, progress func(backup.Progress)) (backup.Summary, []byte, error) {
	var none backup.Summary
	body, err := json.Marshal(order)
	if err != nil {
		return none, nil, err
	}
	answer, err := c.Stream(ctx, Request{Method: http.MethodPost, Path: "/backups", Body: bytes.NewReader(body), Accept: Lines})
	if err != nil {
		return none, nil, err
	}
	defer answer.Body.Close()
	for lines := bufio.NewReaderSize(answer.Body, 1<<16); ; {
		text, err := lines.ReadBytes('\n')
		if err != nil && len(text) == 0 {
			if ctx.Err() != nil {
				return none, nil, fault.New(fault.Unavailable, "interrupted", "interrupted; no backup was made, and what was written of it is removed").Because(context.Cause(ctx))
			}
			return none, nil, fault.New(fault.Unavailable, "answer_cut", "the connection ended before the backup was made: where its folder has its name it is whole; otherwise give the command again").Because(err)
		}
		var line backupapi.Line
		if err := decode(text, &line); err != nil {
			return none, nil, err
		}
		switch {
		case line.Problem != nil:
			return none, nil, line.Problem.Fault()
		case line.Backup != nil:
			raw, err := json.Marshal(line.Backup)
			return *line.Backup, raw, err
		case line.Progress != nil:
			progress(*line.Progress)
		}
	}
}
