"""Files from web and FTP servers: asked for, downloaded, continued, with limits."""
