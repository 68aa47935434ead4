package login

// Calls are all routes, as method, space and pattern, for tests that must cover each.
func (s *Server) Calls() (list []string) {
	for _, r := range s.routes() {
		list = append(list, r.method+" "+r.path)
	}
	return list
}
